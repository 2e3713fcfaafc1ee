//! Opens and closes text and reasoning parts as a model goes from one to the other.

use domovoi_protocol::Chunk;

/// What a piece of a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Reasoning,
}

/// The chunks of one step's text and reasoning.
pub(super) struct PartWriter {
    step: usize,
    parts: usize,
    open: Option<(Kind, String)>,
}

impl PartWriter {
    pub(super) fn new(step: usize) -> Self {
        Self { step, parts: 0, open: None }
    }

    /// The chunks for one more piece.
    pub(super) fn write(&mut self, kind: Kind, delta: String) -> Vec<Chunk> {
        let mut chunks = Vec::with_capacity(1);
        if self.open.as_ref().is_none_or(|(open, _)| *open != kind) {
            chunks.extend(self.end());
            let id = format!("{}-{}", self.step, self.parts);
            self.parts += 1;
            chunks.push(match kind {
                Kind::Text => Chunk::text_start(id.as_str()),
                Kind::Reasoning => {
                    Chunk::ReasoningStart { id: id.clone(), provider_metadata: None }
                }
            });
            self.open = Some((kind, id));
        }
        let id = self.open.as_ref().map(|(_, id)| id.clone()).unwrap_or_default();
        chunks.push(match kind {
            Kind::Text => Chunk::text_delta(id, delta),
            Kind::Reasoning => Chunk::ReasoningDelta { id, delta, provider_metadata: None },
        });
        chunks
    }

    /// The chunk that closes the open part, where one is open.
    pub(super) fn end(&mut self) -> Option<Chunk> {
        let (kind, id) = self.open.take()?;
        Some(match kind {
            Kind::Text => Chunk::text_end(id),
            Kind::Reasoning => Chunk::ReasoningEnd { id, provider_metadata: None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_of_kind_closes_a_part_and_opens_one() {
        let mut writer = PartWriter::new(0);
        let mut chunks = writer.write(Kind::Reasoning, "hm".to_owned());
        chunks.extend(writer.write(Kind::Text, "a".to_owned()));
        chunks.extend(writer.write(Kind::Text, "b".to_owned()));
        chunks.extend(writer.end());
        assert_eq!(writer.end(), None);
        let kinds: Vec<String> =
            chunks.iter().filter_map(|chunk| Chunk::kind_of(&chunk.to_json())).collect();
        let expected = [
            "reasoning-start",
            "reasoning-delta",
            "reasoning-end",
            "text-start",
            "text-delta",
            "text-delta",
            "text-end",
        ];
        assert_eq!(kinds, expected);
    }
}
