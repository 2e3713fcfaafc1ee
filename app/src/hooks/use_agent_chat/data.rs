//! `data-*` parts: values of the application's own that answers carry.

use domovoi_protocol::{Part, chunk::DataChunk, message::DataPart};
use leptos::prelude::*;

use super::AgentChat;

/// How many parts that are delivered and not kept are remembered; the oldest go first.
const TRANSIENT_REMEMBERED: usize = 256;

impl AgentChat {
    /// The `data-*` parts of the messages, oldest first, and then those that were delivered to this
    /// page and are kept in no message (`transient`): of these, the latest of each type and id, at
    /// most 256.
    #[must_use]
    pub fn data(&self) -> Vec<DataPart> {
        let mut data = Vec::new();
        self.rows.with(|rows| {
            for row in rows {
                row.message.with(|message| {
                    data.extend(message.parts.iter().filter_map(|part| match part {
                        Part::Data(part) => Some(part.clone()),
                        _ => None,
                    }));
                });
            }
        });
        self.transient.with(|transient| data.extend_from_slice(transient));
        data
    }

    /// Replaces the parts that are kept in no message; with an empty list it forgets them.
    pub fn set_data(&self, data: Vec<DataPart>) {
        self.transient.set(data);
    }

    /// A part that is delivered and not kept.
    pub(super) fn deliver(&self, chunk: DataChunk) {
        self.transient.try_update(|transient| remember(transient, chunk));
    }
}

fn remember(transient: &mut Vec<DataPart>, chunk: DataChunk) {
    let DataChunk { kind, id, data, .. } = chunk;
    let known =
        transient.iter_mut().find(|part| id.is_some() && part.kind == kind && part.id == id);
    if let Some(known) = known {
        known.data = data;
        return;
    }
    if transient.len() >= TRANSIENT_REMEMBERED {
        transient.remove(0);
    }
    transient.push(DataPart { kind, id, data });
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::chunk::DataChunk;
    use serde_json::json;

    use super::{TRANSIENT_REMEMBERED, remember};

    fn chunk(id: Option<&str>, value: i32) -> DataChunk {
        DataChunk {
            kind: "data-progress".to_owned(),
            id: id.map(str::to_owned),
            data: Some(json!(value)),
            transient: Some(true),
        }
    }

    #[test]
    fn the_latest_of_an_id_is_remembered_and_not_too_many() {
        let mut parts = Vec::new();
        remember(&mut parts, chunk(Some("a"), 1));
        remember(&mut parts, chunk(None, 2));
        remember(&mut parts, chunk(Some("a"), 3));
        remember(&mut parts, chunk(None, 4));
        let values: Vec<_> = parts.iter().filter_map(|part| part.data.clone()).collect();
        assert_eq!(values, [json!(3), json!(2), json!(4)]);
        (0..300).for_each(|value| remember(&mut parts, chunk(None, value)));
        assert_eq!(parts.len(), TRANSIENT_REMEMBERED);
        assert_eq!(parts.last().and_then(|part| part.data.clone()), Some(json!(299)));
    }
}
