//! Asking for the history, and what one does that is out of date already.

use domovoi_protocol::{Role, UiMessage};

use super::{Changed, ChatSession, Effect, HistoryPage, turn::Turn};

/// A history on its way.
#[derive(Debug, Clone)]
pub(super) struct Fetch {
    ticket: u64,
    revision: u64,
    /// Turns whose end it tells, whatever happens meanwhile.
    lost: Vec<String>,
}

/// Messages that may not be as the server has them, or may be missing.
#[derive(Debug, Clone)]
pub(super) struct Doubt {
    /// They come after this one; all are in doubt where there is none.
    after: Option<String>,
}

impl ChatSession {
    /// What is said while there is no connection is missed.
    pub(super) fn doubt_what_comes(&mut self) {
        let prompts = self.turns.iter().filter_map(|turn| turn.prompt.as_ref());
        let prompts = prompts.filter_map(|prompt| self.transcript.position(&prompt.id));
        let all = self.transcript.messages().len();
        let first = prompts.chain(self.transcript.first_live()).min();
        self.doubt_from(first.unwrap_or(all));
    }

    /// A turn of this client was stopped before anything of it was heard: what it changed here need not
    /// be so at the server, which may not have come to it.
    pub(super) fn take_back(&mut self, turn: &Turn) {
        let all = self.transcript.messages().len();
        let anchor = turn.anchor.as_ref().and_then(|id| self.transcript.position(id));
        self.doubt_from(anchor.unwrap_or(all));
        let prompt = turn.prompt.as_ref().filter(|_| turn.proven_by_prompt && !turn.prompt_kept);
        if let Some(prompt) = prompt {
            self.transcript.remove(&prompt.id);
        }
    }

    /// The message with this index may be another, and so may those after it.
    fn doubt_from(&mut self, index: usize) {
        let sure = self.sure_of().map_or(index, |sure| sure.min(index));
        let last = sure.checked_sub(1).and_then(|last| self.transcript.get(last));
        self.doubt = Some(Doubt { after: last.map(|message| message.id.clone()) });
    }

    /// How many messages are beyond doubt; nothing where all are.
    fn sure_of(&self) -> Option<usize> {
        let Doubt { after } = self.doubt.as_ref()?;
        let last = after.as_ref().and_then(|id| self.transcript.position(id));
        Some(last.map_or(0, |last| last + 1))
    }

    /// Whether the messages before one with this index are as the server has them, where a page goes
    /// on from it. Between those beyond doubt and a page there may be others.
    pub(super) fn is_sure_before(&self, index: usize) -> bool {
        self.sure_of().is_none_or(|sure| index < sure)
    }

    /// Asks for the history.
    pub fn refetch(&mut self) -> Effect {
        self.last_ticket += 1;
        let (ticket, revision) = (self.last_ticket, self.revision);
        let lost = self.turns.iter().filter(|turn| turn.lost).map(|turn| turn.id.clone());
        self.fetch = Some(Fetch { ticket, revision, lost: lost.collect() });
        Effect::RefetchHistory { ticket }
    }

    /// The history fetched for `ticket` is here, or its newest page: what was loaded before it
    /// stays, where the page goes on from it. One that came too late is left out; where the
    /// conversation went on while it was on its way, the session takes from it how turns have ended
    /// and asks for it once more.
    pub fn fetched(&mut self, ticket: u64, history: impl Into<HistoryPage>) -> Vec<Effect> {
        let Some(fetch) = self.fetch.take_if(|fetch| fetch.ticket == ticket) else {
            return Vec::new();
        };
        if fetch.revision == self.revision {
            return self.replace_history(history.into());
        }
        let mut effects = self.end_lost(&fetch.lost, &history.into().messages);
        effects.push(self.refetch());
        effects
    }

    /// Ends turns whose end was missed before a history was asked for: where others never stop talking,
    /// each history is out of date when it is here, and nobody is to wait for that.
    fn end_lost(&mut self, lost: &[String], history: &[UiMessage]) -> Vec<Effect> {
        let before = (self.status(), self.error.clone());
        let (over, running): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.turns).into_iter().partition(|turn| {
                turn.lost && !turn.is_pending() && lost.contains(&turn.id)
                    || turn.is_answered_in(history)
            });
        self.turns = running;
        if over.is_empty() {
            return Vec::new();
        }
        for turn in over {
            if let Some(index) = self.transcript.settle(&turn.id) {
                let id = self.transcript.get(index).map(|message| message.id.as_str());
                if let Some(kept) = history.iter().find(|kept| Some(kept.id.as_str()) == id) {
                    self.transcript.update(kept);
                }
                continue;
            }
            let Some(prompt) = turn.prompt else { continue };
            let asked = history.iter().position(|message| message.id == prompt.id);
            let answer = asked.and_then(|asked| history.get(asked + 1));
            if let Some(answer) = answer.filter(|answer| answer.role == Role::Assistant)
                && self.transcript.position(&answer.id).is_none()
                && let Some(place) = self.transcript.position(&prompt.id)
            {
                self.transcript.insert(place + 1, answer.clone());
            }
        }
        self.revision += 1;
        let mut effects = vec![Effect::Changed(Changed::Messages)];
        if before != (self.status(), self.error.clone()) {
            effects.push(Effect::Changed(Changed::Status));
        }
        effects
    }
}
