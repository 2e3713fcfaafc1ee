//! What a person or the application does.

use domovoi_client::chat::{ChatSession, ChatStatus, Decision};
use domovoi_protocol::{Part, Role, UiMessage};
use leptos::prelude::*;
use serde_json::{Map, Value, json};

use super::AgentChat;
use crate::types::ANSWER_BY;

impl AgentChat {
    /// The conversation's id: the name of the agent's instance.
    #[must_use]
    pub fn id(&self) -> String {
        self.id.try_get_value().unwrap_or_default()
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<UiMessage> {
        self.rows.with(|rows| rows.iter().map(|row| row.message.get()).collect())
    }

    /// Writes these messages into the history, here and at the server, which keeps the messages
    /// it has besides. No turn begins.
    pub fn set_messages(&self, messages: Vec<UiMessage>) {
        self.tell(|session| session.set_messages(messages));
    }

    /// Sends a text; an empty one is not sent.
    pub fn send(&self, text: &str) {
        let text = text.trim().to_owned();
        if !text.is_empty() {
            self.tell(|session| session.submit(text));
        }
    }

    /// Sends a message, with files for instance. Where one with its id is there, this one takes its
    /// place and what came after it is left; the server keeps it as an earlier version.
    pub fn append(&self, message: UiMessage) {
        self.tell(|session| session.submit_message(message));
    }

    /// Sends what the person has written, where it can be sent, and empties the field. While an
    /// answer is being written it [waits](Self::enqueue).
    pub fn handle_submit(&self) {
        if untrack(|| self.can_send()) {
            self.send(&self.input.get_untracked());
            self.set_input("");
        } else if untrack(|| self.is_busy()) {
            self.enqueue();
        }
    }

    /// Sends another text in the place of the one in a message of the person's; see
    /// [`append`](Self::append). An empty text and one that says the same are not sent.
    pub fn edit(&self, message_id: &str, text: &str) {
        let text = text.trim();
        let message = self.core.try_with_value(|core| {
            core.session.messages().find(|message| message.id == message_id).cloned()
        });
        if let Some(Some(message)) = message
            && let Some(message) = with_text(message, text)
        {
            self.append(message);
        }
    }

    /// Shows older messages.
    pub fn load_older(&self) {
        self.tell(ChatSession::load_older);
    }

    /// Stops the answer that is being written.
    pub fn stop(&self) {
        self.tell(ChatSession::stop);
    }

    /// Asks for another answer to the last message of the person's (upstream: `reload`,
    /// `regenerate`).
    pub fn regenerate(&self) {
        self.tell(ChatSession::regenerate);
    }

    /// Asks for another answer in the place of this one; what came after it is left.
    pub fn regenerate_message(&self, message_id: &str) {
        self.tell(|session| session.regenerate_message(message_id));
    }

    /// As [`Self::regenerate_message`], by the model of this route. Which one answers the rest of the
    /// conversation stays as it is.
    pub fn regenerate_message_by(&self, message_id: &str, route: &str) {
        self.tell(|session| {
            let before = session.messages().take_while(|message| message.id != message_id);
            let question = before.filter(|message| message.role == Role::User).last();
            let question = question.map(|message| message.id.clone()).unwrap_or_default();
            let answer_by = (ANSWER_BY.to_owned(), json!({ "route": route, "question": question }));
            session.regenerate_message_with(message_id, [answer_by].into_iter().collect())
        });
    }

    /// Answers a tool call that waits for a person.
    pub fn add_tool_approval(&self, tool_call_id: &str, decision: Decision) {
        self.tell(|session| session.add_tool_approval(tool_call_id, decision));
    }

    /// Answers a tool call that waits for this client, with a result or the text of an error. Tools
    /// that were [added](Self::add_tool) are answered by themselves.
    pub fn add_tool_result(&self, tool_call_id: &str, result: Result<Value, String>) {
        self.tell(|session| session.add_tool_result(tool_call_id, result));
    }

    /// Clears the conversation, for everyone.
    pub fn clear_history(&self) {
        self.tell(ChatSession::clear);
        self.transient.set(Vec::new());
    }

    /// Fields that go along with every request.
    #[must_use]
    pub fn metadata(&self) -> Map<String, Value> {
        self.metadata.get()
    }

    /// Sets the fields that go along with every request from now on; the agent finds them in the
    /// turn as `custom`.
    pub fn set_metadata(&self, fields: Map<String, Value>) {
        self.core.try_update_value(|core| core.session.set_custom_fields(fields.clone()));
        self.metadata.set(fields);
    }

    /// Sets what the person is writing.
    pub fn set_input(&self, text: &str) {
        self.input.set(text.to_owned());
    }

    /// Whether the server's history has been heard since the page came.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_settled.get()
    }

    /// Whether an answer is being written or about to be.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.status.get(), ChatStatus::Submitted | ChatStatus::Streaming)
    }

    /// Whether what the person has written can be sent.
    #[must_use]
    pub fn can_send(&self) -> bool {
        !self.is_busy() && !self.is_loading.get() && self.input.with(|text| !text.trim().is_empty())
    }

    /// Whether the message of the row `key` is being written.
    #[must_use]
    pub fn is_streaming(&self, key: &str) -> bool {
        self.status.get() == ChatStatus::Streaming
            && self.rows.with(|rows| rows.last().is_some_and(|row| row.key == key))
    }
}

/// The message with this text in the place of its own; nothing where that is no change.
fn with_text(mut message: UiMessage, text: &str) -> Option<UiMessage> {
    if text.is_empty() || message.text().trim() == text {
        return None;
    }
    let place = message.parts.iter().position(|part| matches!(part, Part::Text { .. }));
    message.parts.retain(|part| !matches!(part, Part::Text { .. }));
    let place = place.unwrap_or_default().min(message.parts.len());
    let text = Part::Text { text: text.to_owned(), state: None, provider_metadata: None };
    message.parts.insert(place, text);
    Some(message)
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::UiMessage;
    use serde_json::json;

    use super::with_text;

    #[test]
    fn an_edit_keeps_what_is_no_text() {
        let file = json!({ "type": "file", "mediaType": "image/png", "url": "https://a/b.png" });
        let message: UiMessage = serde_json::from_value(json!({
            "id": "m", "role": "user", "parts": [file, { "type": "text", "text": "old" }]
        }))
        .unwrap();
        assert_eq!(with_text(message.clone(), "old"), None);
        assert_eq!(with_text(message.clone(), ""), None);
        let edited = with_text(message, "new").unwrap();
        assert_eq!((edited.id.as_str(), edited.text().as_str()), ("m", "new"));
        assert_eq!(serde_json::to_value(&edited.parts[0]).unwrap(), file);
    }
}
