//! Between the session and the connection: events in, effects out.

use std::time::Duration;

use domovoi_client::{
    ClientEvent,
    chat::{Changed, ChatSession, Effect as Todo},
};
use leptos::{prelude::*, task::spawn_local};

use super::AgentChat;
use crate::hooks::http;

/// How long to wait before a history that could not be fetched is asked for again.
const FETCH_AGAIN: Duration = Duration::from_secs(2);

/// The part that says how many answers the model gives before this one.
const QUEUE: &str = "data-queue";

impl AgentChat {
    /// Something happened on the connection.
    pub(super) fn hear(&self, event: &ClientEvent) {
        match event {
            ClientEvent::Open => self.tell(ChatSession::opened),
            ClientEvent::Closed { .. } => self.tell(|session| {
                session.closed();
                vec![Todo::Changed(Changed::Status)]
            }),
            ClientEvent::Frame(frame) => self.tell(|session| session.handle(frame)),
            _ => {}
        }
        if super::versions::may_change(event) {
            self.fetch_versions();
        }
    }

    /// Tells the session something and does what it wants done.
    pub(super) fn tell(&self, tell: impl FnOnce(&mut ChatSession) -> Vec<Todo>) {
        let todo = self.core.try_update_value(|core| {
            let todo = tell(&mut core.session);
            core.undrawn.note(&todo);
            todo
        });
        for todo in todo.unwrap_or_default() {
            match todo {
                Todo::Send(frame) => {
                    if let Some(Some(client)) = self.client.try_get_value() {
                        // A client that is closed for good says so in `connection`.
                        let _ = client.send_frame(&frame);
                    }
                }
                Todo::RefetchHistory { ticket } => self.fetch(ticket),
                Todo::LoadOlder { ticket, before } => self.fetch_older(ticket, before),
                Todo::Data(part) if part.kind == QUEUE => {
                    let ahead = part.data.as_ref().and_then(|data| data["ahead"].as_u64());
                    self.ahead.try_set(ahead.unwrap_or_default());
                }
                Todo::Data(chunk) => self.deliver(chunk),
                _ => {}
            }
        }
        self.run_tools();
        self.draw_soon();
    }

    fn fetch(&self, ticket: u64) {
        let chat = *self;
        let Some(Some(client)) = self.client.try_get_value() else { return };
        spawn_local(async move {
            let history = http::history(client.options(), None).await;
            match history {
                // The component may be gone by now.
                Some(history) if chat.is_loading.try_set(false).is_none() => {
                    chat.tell(|session| session.fetched(ticket, history));
                    chat.is_settled.try_set(true);
                }
                Some(_) => {}
                None => {
                    set_timeout(move || chat.tell(|session| vec![session.refetch()]), FETCH_AGAIN)
                }
            }
        });
    }

    fn fetch_older(&self, ticket: u64, before: String) {
        let chat = *self;
        let Some(Some(client)) = self.client.try_get_value() else { return };
        spawn_local(async move {
            let page = http::history(client.options(), Some(&before)).await;
            // The component may be gone by now.
            if chat.is_loading_older.try_get_untracked().is_some() {
                chat.tell(|session| match page {
                    Some(page) => session.fetched_older(ticket, page),
                    None => session.failed_older(ticket),
                });
            }
        });
    }
}
