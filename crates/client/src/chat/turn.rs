//! One running turn: which of its chunks are here.

use domovoi_protocol::{ClientFrame, Role, UiMessage, chat::ChatRequest};

/// A turn that has not ended, of this client or another.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    pub(super) id: String,
    /// Present until the server has shown that it knows the turn.
    pub(super) request: Option<ChatRequest>,
    /// The person pressed stop: the request is not sent again.
    pub(super) cancelled: bool,
    /// The message of this client that began the turn.
    pub(super) prompt: Option<UiMessage>,
    /// The message the turn answers; what came after it is gone from view.
    pub(super) anchor: Option<String>,
    /// Whether a history with the prompt in it proves that the server knows the turn: not so
    /// where the prompt was there before.
    pub(super) proven_by_prompt: bool,
    /// The server has told that it has the prompt.
    pub(super) prompt_kept: bool,
    /// The message a continuation goes on with, as it was before.
    pub(super) base: Option<UiMessage>,
    /// Whether a message is being written.
    pub(super) started: bool,
    /// The last chunk that is here.
    pub(super) last_seq: Option<u64>,
    /// The next chunk begins the message anew.
    pub(super) starts_over: bool,
    /// A replay was asked for and nothing of it is here. An end that comes before it is that of
    /// the live stream, which this connection does not get: the replay ends once more.
    pub(super) awaits_replay: bool,
    /// Chunks are missing or the message's id is not known: the history tells.
    pub(super) incomplete: bool,
    /// What is kept of the message is not what was streamed: the history tells.
    pub(super) differs: bool,
    /// The server no longer runs it and its end was missed: the history tells.
    pub(super) lost: bool,
    pub(super) error: Option<String>,
}

impl Turn {
    /// A turn that this client learns of from the server.
    pub(super) fn remote(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Whether the server may not know of the turn yet.
    pub(super) fn is_pending(&self) -> bool {
        self.request.is_some()
    }

    /// Whether it is known to have begun: something of it was heard or offered, or the server has
    /// written its prompt down, which is the first thing it does.
    pub(super) fn has_run(&self) -> bool {
        self.started || self.starts_over || self.prompt_kept
    }

    /// Whether these messages have the answer, where nothing of the turn was heard.
    pub(super) fn is_answered_in<'a>(
        &self,
        messages: impl IntoIterator<Item = &'a UiMessage>,
    ) -> bool {
        let unheard = self.proven_by_prompt && !self.started;
        let Some(prompt) = self.prompt.as_ref().filter(|_| unheard) else { return false };
        messages
            .into_iter()
            .skip_while(|message| message.id != prompt.id)
            .any(|message| message.role == Role::Assistant)
    }

    /// The request, where it must be sent again.
    pub(super) fn resend(&self) -> Option<ClientFrame> {
        let request = self.request.as_ref().filter(|_| !self.cancelled)?;
        Some(request.clone().into())
    }

    /// The last chunk here, for the acknowledgement. Where there is none to count from, the
    /// replay begins at 0 and the message is written anew.
    pub(super) fn resume_after(&mut self) -> Option<u64> {
        self.awaits_replay = true;
        if self.last_seq.is_none() || self.starts_over {
            self.starts_over = true;
            return None;
        }
        self.last_seq
    }

    /// What is here counts for nothing: the next chunk is the first.
    pub(super) fn start_over(&mut self) {
        self.starts_over = true;
    }

    /// Whether the chunk with this number is news.
    pub(super) fn accept(&mut self, seq: Option<u64>) -> bool {
        if std::mem::take(&mut self.starts_over) {
            self.last_seq = None;
            self.started = false;
            self.incomplete = false;
        }
        let Some(seq) = seq else { return true };
        let expected = self.last_seq.map_or(0, |last| last.saturating_add(1));
        if seq < expected {
            return false;
        }
        self.incomplete |= seq > expected;
        self.last_seq = Some(seq);
        true
    }
}
