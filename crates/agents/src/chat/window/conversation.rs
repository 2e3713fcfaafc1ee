//! The conversation in pieces that are sent whole or not at all.

use domovoi_models::{ModelMessage, ToolCall};
use domovoi_protocol::{Role, UiMessage};

use super::{super::model_history::to_model, Gap};

/// A message of the history, or a step of the answer: calls of tools are never apart from their
/// results.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct Piece {
    /// The message's id; none for a step that is not the last of its message.
    pub(super) id: Option<String>,
    pub(super) messages: Vec<ModelMessage>,
}

impl Piece {
    /// Whether it begins with words of a person.
    pub(super) fn is_question(&self) -> bool {
        matches!(self.messages.first(), Some(ModelMessage::User { .. }))
    }

    /// Whether it is instructions, which are always sent.
    pub(super) fn is_system(&self) -> bool {
        matches!(self.messages.first(), Some(ModelMessage::System { .. }))
    }
}

/// All a model could be told.
#[derive(Debug, Default)]
pub(in super::super) struct Conversation {
    pub(super) instructions: Vec<String>,
    pub(super) pieces: Vec<Piece>,
    /// Messages among them that were not read.
    pub(super) gap: Option<Gap>,
}

impl Conversation {
    /// Puts instructions before those that are there.
    pub(in super::super) fn instruct(&mut self, instructions: String) {
        self.instructions.insert(0, instructions);
    }

    /// Notes which messages of a history that is added next were not read.
    pub(in super::super) fn leave_out(&mut self, gap: Option<Gap>) {
        let at = self.pieces.len();
        self.gap = gap.map(|gap| Gap { at: at + gap.at, ..gap });
    }

    /// Adds messages of the history; an answer at the end is gone on with, and is added in steps.
    pub(in super::super) fn add_history(&mut self, history: &[UiMessage], images: bool) {
        let unfinished = history.last().filter(|last| last.role == Role::Assistant);
        let whole = history.len() - usize::from(unfinished.is_some());
        self.pieces.extend(history[..whole].iter().map(|message| Piece {
            id: Some(message.id.clone()),
            messages: to_model(message, images),
        }));
        if let Some(answer) = unfinished {
            self.add_answer(answer, images);
        }
    }

    /// Adds an answer that is gone on with, in its steps.
    pub(in super::super) fn add_answer(&mut self, answer: &UiMessage, images: bool) {
        let begin = self.pieces.len();
        for message in to_model(answer, images) {
            match self.pieces.last_mut() {
                Some(step) if matches!(message, ModelMessage::Tool { .. }) => {
                    step.messages.push(message);
                }
                _ => self.pieces.push(Piece { id: None, messages: vec![message] }),
            }
        }
        if self.pieces.len() > begin
            && let Some(last) = self.pieces.last_mut()
        {
            last.id = Some(answer.id.clone());
        }
    }

    /// Adds a step of the answer that is being written.
    pub(in super::super) fn add_step(
        &mut self,
        content: String,
        tool_calls: Vec<ToolCall>,
        results: impl IntoIterator<Item = ModelMessage>,
    ) {
        let mut messages = vec![ModelMessage::Assistant { content, tool_calls }];
        messages.extend(results);
        self.pieces.push(Piece { id: None, messages });
    }

    /// Where the present turn begins: with the person's newest message.
    pub(super) fn turn(&self) -> usize {
        let question = self.pieces.iter().rposition(Piece::is_question);
        question.unwrap_or_else(|| self.pieces.len().saturating_sub(1))
    }
}
