//! Drawing: what has changed is noted as frames come, and shown with the next animation frame; while much
//! comes, at most thirty times a second, and never for more than a fifth of the page's time.

use std::{collections::BTreeSet, time::Duration};

use domovoi_client::chat::{Changed, ChatSession, ChatStatus, Effect as Todo};
use leptos::prelude::*;

use super::{AgentChat, rows::rows_of};
use crate::{hooks::use_far_rows::height_of_what_is_far, language::t};

/// Shortest time between two drawings, in milliseconds: nobody reads thirty versions of a sentence in a
/// second, and each is laid out and painted.
const PAUSE: f64 = 32.0;

/// Longest time between two, so that a slow machine still shows that something comes.
const LONGEST_PAUSE: f64 = 200.0;

/// How many times as long as a drawing takes lies between the begins of two.
const REST: f64 = 5.0;

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
            let pause = (core.drawing_took * REST).clamp(PAUSE, LONGEST_PAUSE);
            // A clock that was set back must not keep it waiting.
            schedule.then(|| (core.drawn_at + pause - js_sys::Date::now()).min(pause))
        });
        let Some(wait) = schedule.flatten() else { return };
        if wait > 0.0 && !document().hidden() {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in bounds")]
            let wait = Duration::from_millis(wait as u64);
            set_timeout(move || chat.draw_in_frame(), wait);
        } else {
            chat.draw_in_frame();
        }
    }

    /// Draws with the next animation frame, and takes the time until that is on the screen: the browser
    /// calculates styles, lays out and paints after the callback and before the timer.
    fn draw_in_frame(&self) {
        let chat = *self;
        if document().hidden() {
            // Nothing is animated in a page nobody sees.
            return chat.draw();
        }
        request_animation_frame(move || {
            chat.draw();
            let painted = move || {
                chat.core.try_update_value(|core| {
                    core.drawing_took = js_sys::Date::now() - core.drawn_at;
                });
            };
            set_timeout(painted, Duration::ZERO);
        });
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
            let height = height_of_what_is_far();
            let rows = self.rows.with_untracked(|old| rows_of(&messages, old, height.as_deref()));
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
                // The first word can be quicker than the drawing that would tell of the question.
                (_, ChatStatus::Submitted) | (ChatStatus::Ready, ChatStatus::Streaming) => {
                    t().domovoi_is_answering()
                }
                (ChatStatus::Streaming, ChatStatus::Ready) => t().the_answer_is_complete(),
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
