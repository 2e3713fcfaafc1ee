//! Earlier versions of edited questions and repeated answers.
//!
//! The server tells which messages have several, in one small request: when the connection opens,
//! when the history was changed from outside, and after each turn.

use domovoi_client::{ClientEvent, chat::Effect as Todo};
use domovoi_protocol::{
    ServerFrame,
    chat::{MessageVersions, SelectVersion},
};
use leptos::{prelude::*, task::spawn_local};

use super::AgentChat;
use crate::hooks::http;

/// A request for the versions, of which there is one at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fetching {
    #[default]
    Idle,
    Running,
    /// Something has changed since it was sent.
    Again,
}

/// One message's place among its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which it is, from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// The version before it.
    pub previous: Option<i64>,
    /// The version after it.
    pub next: Option<i64>,
}

impl AgentChat {
    /// Where the message is among its versions; nothing where it has only one.
    #[must_use]
    pub fn place_among_versions(&self, message_id: &str) -> Option<Place> {
        self.versions.with(|all| {
            let versions = all.iter().find(|versions| versions.id == message_id)?;
            place(versions)
        })
    }

    /// The newest of the answers that the last question had, where it has none any more: another one
    /// was asked for and did not come.
    #[must_use]
    pub fn missing_answer(&self) -> Option<i64> {
        self.versions.with(|all| {
            let missing = all.last().filter(|versions| versions.id.is_empty())?;
            missing.versions.last().copied()
        })
    }

    /// Goes back to a version, with what followed it, for everyone. The server refuses while an
    /// answer is being written.
    pub fn select_version(&self, version: i64) {
        self.tell(|_| vec![Todo::Send(SelectVersion { version }.into())]);
    }

    pub(super) fn fetch_versions(&self) {
        let begin = self.core.try_update_value(|core| {
            let begin = core.versions == Fetching::Idle;
            core.versions = if begin { Fetching::Running } else { Fetching::Again };
            begin
        });
        let chat = *self;
        let Some(Some(client)) = self.client.try_get_value().filter(|_| begin == Some(true)) else {
            return;
        };
        spawn_local(async move {
            let versions = http::versions(client.options()).await;
            let again = chat
                .core
                .try_update_value(|core| std::mem::take(&mut core.versions) == Fetching::Again);
            if let Some(versions) = versions
                && chat.versions.try_with_untracked(|old| *old != versions) == Some(true)
            {
                chat.versions.try_set(versions);
            }
            if again == Some(true) {
                chat.fetch_versions();
            }
        });
    }
}

/// Whether a message may have got or lost a version by this.
pub(super) fn may_change(event: &ClientEvent) -> bool {
    match event {
        ClientEvent::Open => true,
        ClientEvent::Frame(ServerFrame::ChatMessages(_) | ServerFrame::ChatClear(_)) => true,
        ClientEvent::Frame(ServerFrame::ChatDelta(delta)) => {
            delta.reload || !delta.removed.is_empty()
        }
        ClientEvent::Frame(ServerFrame::ChatResponse(response)) => response.done,
        _ => false,
    }
}

fn place(versions: &MessageVersions) -> Option<Place> {
    let all = &versions.versions;
    let index = all.iter().position(|version| *version == versions.active)?;
    (all.len() > 1).then(|| Place {
        number: index + 1,
        count: all.len(),
        previous: index.checked_sub(1).map(|before| all[before]),
        next: all.get(index + 1).copied(),
    })
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::chat::MessageVersions;

    use super::{Place, place};

    #[test]
    fn places_among_versions() {
        let of = |versions: &[i64], active| {
            place(&MessageVersions { id: "m".to_owned(), versions: versions.to_vec(), active })
        };
        assert_eq!(
            of(&[2, 5, 9], 5),
            Some(Place { number: 2, count: 3, previous: Some(2), next: Some(9) })
        );
        assert_eq!(
            of(&[2, 5], 5),
            Some(Place { number: 2, count: 2, previous: Some(2), next: None })
        );
        assert_eq!(of(&[5], 5), None);
    }
}
