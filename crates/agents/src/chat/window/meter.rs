//! What a text costs in tokens, and making one shorter.

use domovoi_models::{LanguageModel, ModelMessage, ModelRequest, UserContent, UserPart};

use super::{ContextWindow, conversation::Piece};

/// Tokens around each message, as chat templates write them.
const MESSAGE: usize = 8;
/// Tokens around each tool and each call of one.
const CALL: usize = 16;
/// Tokens of an image, as for one of a thousand pixels in each direction.
const IMAGE: usize = 1_500;

/// Counts tokens.
#[derive(Clone, Copy)]
pub(super) struct Meter<'a> {
    model: &'a dyn LanguageModel,
    characters_per_token: Option<f32>,
    /// How many times more tokens there are than was counted, as a refusal has shown.
    correction: f32,
}

impl<'a> Meter<'a> {
    pub(super) fn new(
        model: &'a dyn LanguageModel,
        window: &ContextWindow,
        correction: f32,
    ) -> Self {
        Self { model, characters_per_token: window.characters_per_token, correction }
    }

    pub(super) fn text(&self, text: &str) -> usize {
        let tokens = match self.characters_per_token {
            Some(each) => text.chars().count() as f32 / each,
            None => self.model.count_tokens(text) as f32,
        };
        (tokens * self.correction).ceil() as usize
    }

    pub(super) fn message(&self, message: &ModelMessage) -> usize {
        let content = match message {
            ModelMessage::User { content } => self.user(content),
            ModelMessage::Assistant { content, tool_calls } => {
                let calls = tool_calls.iter().map(|call| {
                    CALL + [&call.id, &call.name, &call.arguments]
                        .map(|it| self.text(it))
                        .iter()
                        .sum::<usize>()
                });
                self.text(content) + calls.sum::<usize>()
            }
            ModelMessage::Tool { tool_call_id, content } => {
                self.text(tool_call_id) + self.text(content)
            }
            ModelMessage::System { content } => self.text(content),
            _ => 0,
        };
        MESSAGE + content
    }

    pub(super) fn messages(&self, messages: &[ModelMessage]) -> usize {
        messages.iter().map(|message| self.message(message)).sum()
    }

    /// What a request costs beside its messages.
    pub(super) fn rest(&self, request: &ModelRequest) -> usize {
        let tools = request.tools.iter().map(|tool| {
            let schema = tool.parameters.to_string();
            CALL + [&tool.name, &tool.description, &schema]
                .map(|it| self.text(it))
                .iter()
                .sum::<usize>()
        });
        let format = request.response_format.as_ref().and_then(|it| serde_json::to_string(it).ok());
        tools.sum::<usize>() + format.map_or(0, |format| self.text(&format))
    }

    /// The messages of a piece, with results of tools of at most so many tokens.
    pub(super) fn shortened(&self, piece: &Piece, longest_result: usize) -> Vec<ModelMessage> {
        let mut messages = piece.messages.clone();
        for message in &mut messages {
            if let ModelMessage::Tool { content, .. } = message
                && let Some(short) = self.shorten(content, longest_result)
            {
                *content = short;
            }
        }
        messages
    }

    /// Begin and end of a text, with a note of how much is missing between them, so that all of it
    /// is at most `longest` tokens; nothing where the text is short enough.
    pub(super) fn shorten(&self, text: &str, longest: usize) -> Option<String> {
        let tokens = self.text(text);
        if tokens <= longest {
            return None;
        }
        let mut bytes = text.len() as f32 * longest as f32 / tokens as f32;
        loop {
            let (begin, end) = ((bytes * 0.75) as usize, (bytes * 0.25) as usize);
            let head = &text[..text.floor_char_boundary(begin)];
            let tail = &text[text.ceil_char_boundary(text.len() - end)..];
            let missing = text[head.len()..text.len() - tail.len()].chars().count();
            let short = format!("{head}\n[{missing} characters are left out here]\n{tail}");
            if self.text(&short) <= longest || bytes < 1.0 {
                return Some(short);
            }
            bytes *= 0.8;
        }
    }

    fn user(&self, content: &UserContent) -> usize {
        let part = |part: &UserPart| match part {
            UserPart::Text { text } => self.text(text),
            _ => IMAGE,
        };
        content.parts().iter().map(part).sum()
    }
}

#[cfg(test)]
mod tests {
    use domovoi_models::testing::ScriptedModel;

    use super::*;

    #[test]
    fn a_long_text_keeps_begin_and_end_and_says_what_is_missing() {
        let model = ScriptedModel::new([]);
        let window = ContextWindow::new().characters_per_token(1.0);
        let meter = Meter::new(&model, &window, 1.0);
        assert_eq!(meter.shorten("short", 5), None);
        let long = format!("begin {} end", "ä".repeat(1000));
        let short = meter.shorten(&long, 100).unwrap();
        assert!(meter.text(&short) <= 100, "{short}");
        assert!(short.starts_with("begin ää") && short.ends_with("ä end"), "{short}");
        let words = "characters are left out here]";
        let (before, after) = short.split_once(words).unwrap();
        let (head, missing) = before.split_once("\n[").unwrap();
        let missing: usize = missing.trim().parse().unwrap();
        let kept = head.chars().count() + after.trim_start().chars().count();
        assert_eq!(kept + missing, long.chars().count());
    }
}
