//! What the server's frames do to a session.

use domovoi_protocol::{
    Chunk, Reducer, Role, ServerFrame, UiMessage,
    chat::{ChatResponse, Outcome},
    reducer::Change,
    resume::{ResumeAck, ResumeNone, ResumeNoneReason},
};
use serde_json::json;

use super::{Changed, ChatSession, Effect, HistoryPage, transcript::Transcript, turn::Turn};

/// How many turns that are over are remembered.
const ENDED_REMEMBERED: usize = 32;

/// Error text of a turn that failed without saying why.
pub const NO_REASON: &str = "the turn failed";

impl ChatSession {
    /// A frame has come. Frames that are not about the chat do nothing.
    pub fn handle(&mut self, frame: &ServerFrame) -> Vec<Effect> {
        let before = (self.status(), self.error.clone());
        let mut effects = match frame {
            ServerFrame::ChatResponse(response) => self.response(response),
            ServerFrame::ChatMessages(history) => {
                self.fetch = None;
                self.replace_history(history.messages.clone().into())
            }
            ServerFrame::ChatDelta(delta) => self.delta(delta),
            ServerFrame::MessageUpdated(updated) => self.message_updated(&updated.message),
            ServerFrame::ChatClear(_) => self.cleared(),
            ServerFrame::Resuming(resuming) => self.resuming(&resuming.id),
            ServerFrame::ResumeNone(none) => self.nothing_to_resume(none),
            ServerFrame::Recovering(recovering) => {
                self.recovering = recovering.recovering;
                if let (true, Some(id)) = (recovering.recovering, &recovering.id) {
                    self.known_to_server(id);
                    self.turns.iter_mut().filter(|turn| turn.id == *id).for_each(Turn::start_over);
                }
                Vec::new()
            }
            // A turn that waits is in the server's memory alone: its request goes out again with the
            // next connection, should that be to another process.
            _ => Vec::new(),
        };
        if before != (self.status(), self.error.clone()) {
            effects.push(Effect::Changed(Changed::Status));
        }
        effects
    }

    fn response(&mut self, response: &ChatResponse) -> Vec<Effect> {
        let id = response.id.as_str();
        if self.ended.iter().any(|ended| ended == id) {
            return Vec::new();
        }
        self.known_to_server(id);
        self.recovering = false;
        let mut effects = Vec::new();
        let index = match self.turns.iter().position(|turn| turn.id == id) {
            Some(index) => index,
            // The end of a turn whose beginning was missed. It is newer than one that failed.
            None if response.done && response.body.is_empty() => {
                self.error = None;
                return effects;
            }
            None => {
                self.turns.push(Turn::remote(id));
                self.turns.len() - 1
            }
        };
        if response.replay == Some(true) {
            // A replay of nothing but the end: either nothing is missing, or what is missing is
            // no longer in the journal.
            let awaited = std::mem::take(&mut self.turns[index].awaits_replay);
            self.turns[index].incomplete |= awaited && response.done;
        } else if response.done && self.turns[index].awaits_replay {
            return effects;
        }
        if response.error == Some(true) {
            self.turns[index].error = Some(response.body.clone());
            self.error = Some(response.body.clone());
        } else if !response.body.is_empty() {
            let continuation = response.continuation == Some(true);
            match Chunk::parse(&response.body) {
                Ok(chunk) => self.chunk(index, &chunk, response.seq, continuation, &mut effects),
                Err(_) => self.turns[index].incomplete = true,
            }
        }
        if response.done
            && response.outcome != Some(Outcome::Recovering)
            && let Some(index) = self.turns.iter().position(|turn| turn.id == id)
        {
            self.end(index, response.outcome, &mut effects);
        }
        effects
    }

    fn chunk(
        &mut self,
        index: usize,
        chunk: &Chunk,
        seq: Option<u64>,
        continuation: bool,
        effects: &mut Vec<Effect>,
    ) {
        let turn = &mut self.turns[index];
        if !turn.accept(seq) {
            return;
        }
        turn.lost = false;
        if let Chunk::Error { error_text } = chunk {
            turn.error = Some(error_text.clone());
            self.error = Some(error_text.clone());
        }
        if let Chunk::Data(data) = chunk
            && data.transient == Some(true)
        {
            effects.push(Effect::Data(data.clone()));
            return;
        }
        let begun = !turn.started;
        if begun {
            // A history that was quicker than the stream has the whole answer: it is not written
            // once more before people's eyes.
            if let Chunk::Start { message_id: Some(id), .. } = chunk
                && !continuation
                && self.transcript.is_settled(id)
            {
                let turn = self.turns.remove(index);
                self.mark_ended(turn.id);
                return;
            }
            turn.started = true;
            self.error = None;
            let reducer = first_reducer(turn, chunk, continuation, || {
                self.transcript.last_of(Role::Assistant).cloned()
            });
            let id = turn.id.clone();
            let end = self.end_for(Some(&id));
            let (index, is_last) = self.transcript.begin(&id, reducer, end);
            let changed = if is_last { Changed::Message(index) } else { Changed::Messages };
            effects.push(Effect::Changed(changed));
        }
        let turn = &self.turns[index];
        if let Some((message, change)) = self.transcript.apply(&turn.id, chunk)
            && !begun
        {
            effects.extend(drawn(message, change).map(Effect::Changed));
        }
    }

    fn end(&mut self, index: usize, outcome: Option<Outcome>, effects: &mut Vec<Effect>) {
        let turn = self.turns.remove(index);
        self.revision += 1;
        let failed = outcome == Some(Outcome::Error) || turn.error.is_some();
        if failed {
            let text = turn.error.clone().unwrap_or_else(|| NO_REASON.to_owned());
            self.error.get_or_insert(text);
        }
        let metadata = match outcome {
            Some(Outcome::Aborted) => Some(json!({ "turn": { "outcome": "aborted" } })),
            _ if failed => Some(json!({ "turn": { "outcome": "error", "error": self.error } })),
            _ => None,
        };
        if let Some(message_metadata) = metadata {
            self.transcript.apply(&turn.id, &Chunk::MessageMetadata { message_metadata });
        }
        if turn.incomplete || turn.differs {
            // It is among those that are being written still.
            self.doubt_what_comes();
        }
        // An answer that ended before it said anything is no message.
        if self.transcript.discard_if_empty(&turn.id) {
            effects.push(Effect::Changed(Changed::Messages));
        } else if let Some(index) = self.transcript.settle(&turn.id) {
            effects.push(Effect::Changed(Changed::Message(index)));
        }
        let never_ran = matches!(outcome, Some(Outcome::Aborted | Outcome::Skipped))
            && turn.anchor.is_some()
            && !turn.started;
        if never_ran {
            self.take_back(&turn);
            effects.push(Effect::Changed(Changed::Messages));
        }
        if turn.incomplete || turn.differs || never_ran {
            effects.push(self.refetch());
        }
        self.mark_ended(turn.id);
    }

    pub(super) fn mark_ended(&mut self, id: String) {
        if self.ended.len() >= ENDED_REMEMBERED {
            self.ended.remove(0);
        }
        self.ended.push(id);
    }

    fn resuming(&mut self, id: &str) -> Vec<Effect> {
        if self.acknowledged.iter().any(|acknowledged| acknowledged == id) {
            return Vec::new();
        }
        self.acknowledged.push(id.to_owned());
        self.known_to_server(id);
        let mut after = None;
        if !self.ended.iter().any(|ended| ended == id) {
            let index = match self.turns.iter().position(|turn| turn.id == id) {
                Some(index) => index,
                None => {
                    self.turns.push(Turn::remote(id));
                    self.turns.len() - 1
                }
            };
            let turn = &mut self.turns[index];
            turn.lost = false;
            after = turn.resume_after();
            if turn.base.is_none() && !turn.started {
                // A continuation goes on with the answer as it is now: the whole of it may be in the
                // history before its chunks are here.
                turn.base = self.transcript.last_of(Role::Assistant).cloned();
            }
        }
        let mut effects = vec![Effect::Send(ResumeAck { id: id.to_owned(), after }.into())];
        if self.lose_those_before(id) {
            self.doubt_what_comes();
            effects.push(self.refetch());
        }
        effects
    }

    /// One turn runs at a time: others that ran have ended unheard; only the history tells how.
    fn lose_those_before(&mut self, running: &str) -> bool {
        let ran = |turn: &&mut Turn| turn.id != running && !turn.is_pending() && turn.has_run();
        let lost = self.turns.iter_mut().filter(ran).map(|turn| turn.lost = true);
        lost.count() > 0
    }

    /// The turns the server knew of have ended unheard; only the history tells how.
    fn nothing_to_resume(&mut self, none: &ResumeNone) -> Vec<Effect> {
        if none.reason == Some(ResumeNoneReason::ContinuationOwned) {
            return Vec::new();
        }
        if !self.turns.iter().any(Turn::is_pending) {
            self.error.clone_from(&none.error);
        }
        let mut lost = false;
        for turn in &mut self.turns {
            // A replay that was asked for comes, also where the turn has ended meanwhile.
            if (!turn.is_pending() || turn.cancelled) && !turn.awaits_replay {
                turn.lost = true;
                lost = true;
            }
        }
        if !lost {
            return Vec::new();
        }
        self.doubt_what_comes();
        vec![self.refetch()]
    }

    /// The server has shown that it has the turn's request.
    fn known_to_server(&mut self, id: &str) {
        for turn in &mut self.turns {
            if turn.id == id && turn.request.take().is_some() {
                self.revision += 1;
            }
        }
    }

    fn message_updated(&mut self, message: &UiMessage) -> Vec<Effect> {
        self.revision += 1;
        let index = self.transcript.update(message);
        index.map(|index| Effect::Changed(Changed::Message(index))).into_iter().collect()
    }

    /// Someone cleared the history. What this client sent and the server has not answered yet
    /// comes after that.
    fn cleared(&mut self) -> Vec<Effect> {
        let (pending, over): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.turns).into_iter().partition(Turn::is_pending);
        self.turns = pending;
        for turn in over {
            self.mark_ended(turn.id);
        }
        self.fetch = None;
        self.error = None;
        self.transcript.clear();
        (self.has_older, self.older) = (false, None);
        self.replace_history(HistoryPage::default())
    }

    /// Takes the server's history over, and keeps what it cannot know yet: messages that are
    /// being written, and what this client has sent.
    pub(super) fn replace_history(&mut self, history: HistoryPage) -> Vec<Effect> {
        let before = (self.status(), self.error.clone());
        // What was loaded before the page stays, where the page goes on from it.
        let first = history.messages.first().filter(|_| history.has_older);
        let kept = first.and_then(|first| self.transcript.position(&first.id)).unwrap_or(0);
        let kept = if self.is_sure_before(kept) { kept } else { 0 };
        self.doubt = None;
        if kept == 0 {
            self.has_older = history.has_older;
        }
        let mut held = self.transcript.replace(kept, history.messages);
        let (over, running): (Vec<_>, Vec<_>) = std::mem::take(&mut self.turns)
            .into_iter()
            .partition(|turn| turn.lost || turn.is_answered_in(self.transcript.messages()));
        self.turns = running;
        for turn in over {
            // Not marked as ended: should it begin after all, its chunks are welcome.
            held.retain(|held| held.turn() != turn.id);
            self.revision += 1;
        }
        for turn in &mut self.turns {
            let prompt_id = turn.prompt.as_ref().map(|prompt| prompt.id.as_str());
            let in_history = prompt_id.is_some_and(|id| self.transcript.position(id).is_some());
            if in_history && turn.proven_by_prompt {
                turn.request = None;
                turn.prompt_kept = true;
            }
            if let (Some(anchor), true) = (&turn.anchor, turn.is_pending()) {
                self.transcript.truncate_after(anchor, turn.prompt.is_some());
                push(&mut self.transcript, turn.prompt.as_ref());
            } else if !in_history {
                push(&mut self.transcript, turn.prompt.as_ref());
            }
        }
        for held in held {
            let end = self.end_for(Some(held.turn()));
            self.transcript.restore(held, end);
        }
        let mut effects = vec![Effect::Changed(Changed::Messages)];
        if before != (self.status(), self.error.clone()) {
            effects.push(Effect::Changed(Changed::Status));
        }
        effects
    }
}

fn push(transcript: &mut Transcript, message: Option<&UiMessage>) {
    if let Some(message) = message {
        transcript.push(message.clone());
    }
}

/// Where the turn's message begins: a new one, or one that a continuation goes on with.
fn first_reducer(
    turn: &mut Turn,
    chunk: &Chunk,
    continuation: bool,
    last_answer: impl FnOnce() -> Option<UiMessage>,
) -> Reducer {
    if continuation && let Some(base) = turn.base.take().or_else(last_answer) {
        turn.base = Some(base.clone());
        return Reducer::resume(base);
    }
    if let Chunk::Start { message_id: Some(id), .. } = chunk {
        return Reducer::new(id.clone());
    }
    // Only the history tells the message's id.
    turn.incomplete = true;
    Reducer::new(turn.id.clone())
}

/// What to draw after a change of the message with this index.
pub(super) fn drawn(message: usize, change: Change) -> Option<Changed> {
    match change {
        Change::None => None,
        Change::Part(part) => Some(Changed::Part { message, part }),
        Change::Message => Some(Changed::Message(message)),
    }
}
