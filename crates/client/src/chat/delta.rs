//! What a change of the history that the server tells does to a session.

use domovoi_protocol::{UiMessage, chat::ChatDelta};

use super::{Changed, ChatSession, Effect, turn::Turn};

impl ChatSession {
    /// The server tells what has changed in the history.
    pub(super) fn delta(&mut self, delta: &ChatDelta) -> Vec<Effect> {
        self.revision += 1;
        if delta.reload || !delta.messages.is_empty() || !delta.removed.is_empty() {
            // The conversation goes on from what failed. A turn that is failing says so at its end.
            self.error = None;
        }
        let mut moved = false;
        for id in &delta.removed {
            moved |= self.transcript.remove(id);
        }
        let mut effects = Vec::new();
        for message in &delta.updated {
            effects.extend(self.rewritten(message));
        }
        for message in &delta.messages {
            self.asked(&message.id);
            if self.transcript.position(&message.id).is_some() {
                effects.extend(self.rewritten(message));
            } else {
                let end = self.end_for(None);
                self.transcript.insert(end, message.clone());
                moved = true;
            }
        }
        if moved {
            effects = vec![Effect::Changed(Changed::Messages)];
        }
        let is_gone = self.has_older && self.transcript.get(0).is_none();
        if delta.reload || is_gone {
            effects.push(self.refetch());
        }
        effects
    }

    /// A message is kept in other words than those that are here. Where it is being written, the
    /// rest of the stream would be added to them: the history tells when it has ended.
    fn rewritten(&mut self, message: &UiMessage) -> Option<Effect> {
        if let Some(writer) = self.transcript.writer_of(&message.id) {
            let writer = self.turns.iter_mut().find(|turn| turn.id == writer);
            writer.into_iter().for_each(|turn| turn.differs = true);
            return None;
        }
        let index = self.transcript.update(message)?;
        Some(Effect::Changed(Changed::Message(index)))
    }

    /// The server has the message of this client with this id, and with it the request.
    fn asked(&mut self, id: &str) {
        let asks = |prompt: &UiMessage| prompt.id == id;
        for turn in &mut self.turns {
            if turn.proven_by_prompt && turn.prompt.as_ref().is_some_and(asks) {
                turn.request = None;
                turn.prompt_kept = true;
            }
        }
    }

    /// Where a new message of the server's comes, written by `turn` or by nobody: before what
    /// this client has sent and the server has not come to yet.
    pub(super) fn end_for(&self, turn: Option<&str>) -> usize {
        let is_waiting = |message: &UiMessage| {
            let waits = |it: &&Turn| !it.started && !it.prompt_kept && Some(it.id.as_str()) != turn;
            self.turns
                .iter()
                .filter(waits)
                .any(|it| it.prompt.as_ref().is_some_and(|prompt| prompt.id == message.id))
        };
        let waiting =
            self.transcript.messages().rev().take_while(|message| is_waiting(message)).count();
        self.transcript.messages().len() - waiting
    }
}
