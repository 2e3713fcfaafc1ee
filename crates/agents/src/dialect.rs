//! How the client of a connection is spoken to: in the protocol as it is, or as an older one had it.

use std::fmt;

use axum::extract::ws::{Message, Utf8Bytes};
use parking_lot::Mutex;

type Rewrite = Box<dyn FnMut(Utf8Bytes) -> Option<Utf8Bytes> + Send>;

/// What is done to text before it leaves.
#[derive(Default)]
pub(crate) struct Dialect {
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    /// Nothing, as far as is known.
    #[default]
    Unknown,
    /// Nothing: the client has shown that it speaks the protocol as it is.
    Current,
    Rewritten(Rewrite),
}

impl Dialect {
    /// Has text rewritten from now on; a text that becomes nothing is not sent.
    pub(crate) fn rewrite(
        &self,
        rewrite: impl FnMut(Utf8Bytes) -> Option<Utf8Bytes> + Send + 'static,
    ) {
        *self.state.lock() = State::Rewritten(Box::new(rewrite));
    }

    /// As [`Dialect::rewrite`], where nothing is known of the client yet.
    pub(crate) fn rewrite_unless_current(
        &self,
        rewrite: impl FnMut(Utf8Bytes) -> Option<Utf8Bytes> + Send + 'static,
    ) {
        let mut state = self.state.lock();
        if matches!(*state, State::Unknown) {
            *state = State::Rewritten(Box::new(rewrite));
        }
    }

    /// The client speaks the protocol as it is.
    pub(crate) fn set_current(&self) {
        *self.state.lock() = State::Current;
    }

    pub(crate) fn is_rewritten(&self) -> bool {
        matches!(*self.state.lock(), State::Rewritten(_))
    }

    /// A message as it is to leave; nothing where the client has nothing for it.
    pub(crate) fn apply(&self, message: Message) -> Option<Message> {
        match (&mut *self.state.lock(), message) {
            (State::Rewritten(rewrite), Message::Text(text)) => rewrite(text).map(Message::Text),
            (_, message) => Some(message),
        }
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect").field("is_rewritten", &self.is_rewritten()).finish()
    }
}
