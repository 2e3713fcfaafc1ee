//! What a chat agent can do with its conversation.

use domovoi_protocol::{Role, ServerFrame, UiMessage, frame::Empty};
use uuid::Uuid;

use super::{
    AiChatAgent, FinishedTurn,
    approvals::notice,
    history,
    order::{self, Order, Work},
    state::Why,
};
use crate::{AgentError, Connection, Context, storage::Tables};

impl<A: AiChatAgent> Context<A> {
    /// The history, oldest first. In a long conversation [`Context::recent_messages`] reads less, and
    /// [`Context::history_for`] what an answer can need.
    ///
    /// # Errors
    /// [`AgentError::Database`], or [`AgentError::Json`] where a stored message cannot be read.
    pub fn messages(&self) -> Result<Vec<UiMessage>, AgentError> {
        let found = self.database().read(Tables::Chat, |db| history::all(db))?;
        Ok(self.counted(found.unwrap_or_default()))
    }

    /// The newest messages, at most `limit`, oldest first.
    ///
    /// # Errors
    /// As [`Context::messages`].
    pub fn recent_messages(&self, limit: usize) -> Result<Vec<UiMessage>, AgentError> {
        let found = self.database().read(Tables::Chat, |db| history::recent(db, limit))?;
        Ok(self.counted(found.unwrap_or_default()))
    }

    /// The message with this id, where it is part of the history.
    ///
    /// # Errors
    /// As [`Context::messages`].
    pub fn message(&self, id: &str) -> Result<Option<UiMessage>, AgentError> {
        let found = self.database().read(Tables::Chat, |db| history::get(db, id))?.flatten();
        self.agents().turn_counts().add_read(usize::from(found.is_some()));
        Ok(found)
    }

    /// The message of a person that the conversation begins with.
    ///
    /// # Errors
    /// As [`Context::messages`].
    pub fn first_question(&self) -> Result<Option<UiMessage>, AgentError> {
        let found = self.database().read(Tables::Chat, |db| history::first_of_user(db))?.flatten();
        self.agents().turn_counts().add_read(usize::from(found.is_some()));
        Ok(found)
    }

    fn counted(&self, messages: Vec<UiMessage>) -> Vec<UiMessage> {
        self.agents().turn_counts().add_read(messages.len());
        messages
    }

    /// Writes messages into the history, each in its place where its id is known and at the end
    /// where not, and sends them to every client. No turn begins.
    ///
    /// # Errors
    /// [`AgentError::Database`]; nothing is written then.
    pub fn save_messages(
        &self,
        messages: impl IntoIterator<Item = UiMessage>,
    ) -> Result<(), AgentError> {
        self.write_messages(messages.into_iter().collect(), |_| true)
    }

    /// Starts a turn that no client has asked for, with a message of a person's: from a schedule,
    /// say. Every open client sees question and answer. It runs after the turns that wait already;
    /// [`AiChatAgent::on_finish`] tells when it is over. Answers the turn's id.
    pub fn ask(&self, text: impl Into<String>) -> String {
        let message = UiMessage::new(Uuid::now_v7().to_string(), Role::User, text);
        self.ask_message(message)
    }

    /// As [`Context::ask`], with a whole message.
    pub fn ask_message(&self, message: UiMessage) -> String {
        let id = Uuid::now_v7().to_string();
        let work = Work::Ask(vec![message]);
        drop(order::start(self, Order { id: id.clone(), requester: None, work, follower: None }));
        id
    }

    /// As [`Context::ask`], and waits for the turn's end. Nothing where it never ran: it was
    /// stopped while others were before it, or the process ends. Dropping the future leaves the
    /// turn to itself.
    pub async fn ask_and_wait(&self, text: impl Into<String>) -> Option<FinishedTurn> {
        let message = UiMessage::new(Uuid::now_v7().to_string(), Role::User, text);
        self.ask_message_and_wait(message).await
    }

    /// As [`Context::ask_and_wait`], with a whole message. Where the history has one of its id it is
    /// answered again, and what came after it is left.
    pub async fn ask_message_and_wait(&self, message: UiMessage) -> Option<FinishedTurn> {
        let work = Work::Ask(vec![message]);
        let order = Order { id: Uuid::now_v7().to_string(), requester: None, work, follower: None };
        order::start(self, order).await.ok()
    }

    /// Ends a turn, as the person does who presses stop: what is written is kept. Whether there is
    /// such a turn.
    pub fn abort_turn(&self, id: &str) -> bool {
        self.chat().stop(id)
    }

    /// Ends every turn, those that wait as well.
    pub fn abort_turns(&self) {
        self.chat().stop_all(Why::Stopped);
    }

    /// Deletes the conversation, for every client. Of a running turn nothing is kept.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn clear_history(&self) -> Result<(), AgentError> {
        self.clear(|_| true)
    }

    pub(super) fn clear(&self, to: impl Fn(&Connection) -> bool) -> Result<(), AgentError> {
        notice::before_messages_change(self)?;
        self.chat().stop_all(Why::Discarded);
        self.database().read(Tables::Chat, history::clear)?;
        self.broadcast_to(ServerFrame::ChatClear(Empty {}).to_json(), to);
        self.history_changed();
        Ok(())
    }

    /// Tells the agent that the history has changed otherwise than by a turn.
    pub(super) fn history_changed(&self) {
        let cx = self.clone();
        self.spawn(async move {
            if let Err(error) = cx.this().on_history_change(&cx).await {
                tracing::warn!(agent = cx.agent(), instance = cx.name(), %error, "on_history_change failed");
                cx.failed("on_history_change", &error);
            }
        });
    }
}
