//! Telling clients what has changed in the history.

use domovoi_protocol::{
    ServerFrame, UiMessage,
    chat::{ChatDelta, HistoryFrame},
};

use super::AiChatAgent;
use crate::{AgentError, Connection, Context};

/// What has changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// Messages that are new or have changed.
    pub(super) written: Vec<UiMessage>,
    /// Ids of messages that are part of the history no longer.
    pub(super) removed: Vec<String>,
    /// Messages that have changed where they are.
    pub(super) updated: Vec<UiMessage>,
    /// More than is worth telling.
    pub(super) reload: bool,
}

impl Changes {
    fn is_anything(&self) -> bool {
        let lists = [self.written.is_empty(), self.removed.is_empty(), self.updated.is_empty()];
        self.reload || lists.contains(&false)
    }
}

/// Tells the connections that `to` picks. Clients of ours get what has changed, and nothing where
/// nothing has; others the whole history, which is what they know.
pub(super) fn tell<A: AiChatAgent>(
    cx: &Context<A>,
    changes: &Changes,
    to: impl Fn(&Connection) -> bool,
) -> Result<(), AgentError> {
    let connections = cx.connections();
    let (ours, others): (Vec<_>, Vec<_>) =
        connections.iter().filter(|it| to(it)).partition(|it| it.is_ours());
    if !ours.is_empty() && changes.is_anything() {
        let Changes { written, removed, updated, reload } = changes.clone();
        send(&ours, &ChatDelta { messages: written, removed, updated, reload }.into());
    }
    if !others.is_empty() {
        send(&others, &HistoryFrame { messages: cx.messages()? }.into());
    }
    Ok(())
}

fn send(connections: &[&Connection], frame: &ServerFrame) {
    let text = axum::extract::ws::Utf8Bytes::from(frame.to_json());
    connections.iter().for_each(|connection| connection.send_text(text.clone()));
}
