//! Messages written while an answer runs: they wait, and are sent one after another.

use domovoi_client::chat::ChatStatus;
use domovoi_protocol::{Part, Role, UiMessage, message::ToolState};
use leptos::prelude::*;

use super::{AgentChat, Ending};

/// A message that waits for the end of a turn. Its id is the one it will have when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// The message's id.
    pub id: String,
    /// What it says.
    pub text: String,
}

impl AgentChat {
    /// Takes what the person has written as the last message that waits, and empties the field.
    pub fn enqueue(&self) {
        let text = self.input.get_untracked().trim().to_owned();
        if !text.is_empty() {
            let id = uuid::Uuid::new_v4().to_string();
            self.queued.update(|queued| queued.push(QueuedMessage { id, text }));
            self.set_input("");
        }
    }

    /// Lets a message wait no more.
    pub fn unqueue(&self, id: &str) {
        self.queued.update(|queued| queued.retain(|message| message.id != id));
    }

    /// Puts a message that waits into the field. What was there takes its place, so that nothing a
    /// person wrote is lost.
    pub fn edit_queued(&self, id: &str) {
        let written = self.input.get_untracked().trim().to_owned();
        let mut text = None;
        self.queued.update(|queued| {
            let Some(index) = queued.iter().position(|message| message.id == id) else { return };
            text = Some(if written.is_empty() {
                queued.remove(index).text
            } else {
                std::mem::replace(&mut queued[index].text, written)
            });
        });
        if let Some(text) = text {
            self.set_input(&text);
        }
    }

    /// Sends a message that has waited.
    pub fn send_queued(&self, message: QueuedMessage) {
        self.append(UiMessage::new(message.id, Role::User, message.text));
    }

    /// Whether the next message may go by itself: the last turn has ended, and neither with an error
    /// nor with a question to a person. Follows the signals.
    #[must_use]
    pub fn may_send_queued(&self) -> bool {
        let ended = matches!(self.ending(), Some(Ending::Answered | Ending::Stopped));
        let rows = self.rows.get();
        let asks = rows.last().is_some_and(|row| row.message.with(asks_a_person));
        // The signals follow with the next frame; the session knows at once.
        let is_idle = self.core.try_with_value(|core| core.session.status() == ChatStatus::Ready);
        ended && !asks && self.is_settled.get() && is_idle == Some(true)
    }
}

/// Whether an answer waits for a person or a tool of a client.
fn asks_a_person(message: &UiMessage) -> bool {
    use ToolState::{ApprovalRequested, InputAvailable};
    message.parts.iter().any(|part| {
        matches!(part, Part::Tool(tool) if matches!(tool.state, ApprovalRequested | InputAvailable))
    })
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::UiMessage;
    use serde_json::json;

    use super::asks_a_person;

    #[test]
    fn a_question_to_a_person_is_not_passed_over() {
        let with = |state: &str| -> UiMessage {
            serde_json::from_value(json!({ "id": "a", "role": "assistant", "parts": [
                { "type": "text", "text": "Shall I?" },
                { "type": "tool-delete", "toolCallId": "c", "state": state, "input": {},
                  "approval": { "id": "p" }, "output": 1 },
            ]}))
            .unwrap()
        };
        assert!(asks_a_person(&with("approval-requested")));
        assert!(!asks_a_person(&with("output-available")));
    }
}
