//! Drawing: what has changed is noted as frames come, and shown with the next animation frame; while much
//! comes, with every other one.

use std::{collections::BTreeSet, time::Duration};

use domovoi_client::chat::{Changed, ChatSession, ChatStatus, Effect as Todo};
use leptos::prelude::*;

use super::{AgentChat, rows::rows_of};

/// Shortest time between two drawings, in milliseconds: nobody reads thirty versions of a sentence in a
/// second, and each is laid out and painted.
const PAUSE: f64 = 32.0;

/// What the signals do not show yet.
#[derive(Default)]
pub(super) struct Undrawn {
    scheduled: bool,
    all: bool,
    messages: BTreeSet<usize>,
    status: bool,
}

impl AgentChat {
    /// Shows what has changed with the next animation frame, unless there was one just now.
    pub(super) fn draw_soon(&self) {
        let chat = *self;
        let schedule = self.core.try_update_value(|core| {
            let undrawn = &mut core.undrawn;
            let schedule = undrawn.is_anything() && !undrawn.scheduled;
            undrawn.scheduled |= schedule;
            schedule.then_some(core.drawn_at)
        });
        let Some(drawn_at) = schedule.flatten() else { return };
        // A clock that was set back must not keep it waiting.
        let wait = (drawn_at + PAUSE - js_sys::Date::now()).min(PAUSE);
        if document().hidden() {
            // Nothing is animated in a page nobody sees.
            chat.draw();
        } else if wait > 0.0 {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in bounds")]
            let wait = Duration::from_millis(wait as u64);
            set_timeout(move || chat.draw(), wait);
        } else {
            request_animation_frame(move || chat.draw());
        }
    }

    fn draw(&self) {
        let chat = *self;
        self.core.try_update_value(move |core| {
            let undrawn = std::mem::take(&mut core.undrawn);
            core.drawn_at = js_sys::Date::now();
            chat.draw_messages(&core.session, &undrawn);
            chat.draw_older(&core.session);
            if undrawn.status {
                chat.draw_status(&core.session);
            }
        });
    }

    fn draw_messages(&self, session: &ChatSession, undrawn: &Undrawn) {
        let known = self.rows.with_untracked(Vec::len);
        let new = undrawn.messages.last().is_some_and(|index| *index >= known);
        if undrawn.all || new {
            let messages: Vec<_> = session.messages().cloned().collect();
            let rows = self.rows.with_untracked(|old| rows_of(&messages, old));
            let same = self.rows.with_untracked(|old| {
                old.len() == rows.len() && old.iter().zip(&rows).all(|(a, b)| a.key == b.key)
            });
            if !same {
                self.rows.set(rows);
            }
            return;
        }
        for index in &undrawn.messages {
            let row = self.rows.with_untracked(|rows| rows.get(*index).cloned());
            if let (Some(row), Some(message)) = (row, session.message(*index)) {
                row.message.set(message.clone());
            }
        }
    }

    fn draw_older(&self, session: &ChatSession) {
        for (signal, now) in [
            (self.has_older, session.has_older()),
            (self.is_loading_older, session.is_loading_older()),
        ] {
            if signal.get_untracked() != now {
                signal.set(now);
            }
        }
    }

    fn draw_status(&self, session: &ChatSession) {
        let (old, new) = (self.status.get_untracked(), session.status());
        self.error.set(session.error().map(str::to_owned));
        if old != new {
            self.status.set(new);
            if !matches!(new, ChatStatus::Submitted | ChatStatus::Streaming) {
                self.ahead.set(0);
            }
            self.announcement.set(match (old, new) {
                (_, ChatStatus::Submitted) => "Domovoi is answering.",
                (ChatStatus::Streaming, ChatStatus::Ready) => "The answer is complete.",
                _ => "",
            });
        }
    }
}

impl Undrawn {
    /// Notes what is to be drawn.
    pub(super) fn note(&mut self, todo: &[Todo]) {
        for todo in todo {
            match todo {
                Todo::Changed(Changed::Messages) => self.all = true,
                Todo::Changed(Changed::Message(index) | Changed::Part { message: index, .. }) => {
                    self.messages.insert(*index);
                }
                Todo::Changed(Changed::Status) => self.status = true,
                _ => {}
            }
        }
    }

    fn is_anything(&self) -> bool {
        self.all || self.status || !self.messages.is_empty()
    }
}
