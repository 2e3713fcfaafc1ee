//! The bar under a message: what can be done with it, which of its versions is shown, and what it
//! took. It comes once the server has been heard; its place is kept until then.

use std::{sync::Arc, time::Duration};

use domovoi_protocol::UiMessage;
use leptos::prelude::*;

use crate::language::t;
use crate::{
    components::{
        bar_button::{Act, BarButton},
        comment::comment,
        icon::Glyph,
    },
    details::details,
    hooks::{
        clipboard::copy_text,
        use_agent_chat::{AgentChat, Rating},
        use_palette::{Palette, use_palette},
        use_workspace::use_workspace,
    },
    reactive::when,
};

/// How long the copy button says that it has copied.
const SHOWN: Duration = Duration::from_millis(1600);

/// How long it says what became of a comment.
const SAID: Duration = Duration::from_secs(5);

/// A message of the thread.
pub(super) type Shared = StoredValue<ArcRwSignal<UiMessage>>;

/// What the bar shows besides what the message says.
#[derive(Clone, Copy)]
struct Bar {
    message: Shared,
    chat: AgentChat,
    palette: Palette,
    toggled: RwSignal<bool>,
    copied: RwSignal<bool>,
    /// Whether the person may say what was wrong.
    commenting: RwSignal<bool>,
    /// What became of the rating, for a moment in the place of what the answer took.
    said: RwSignal<&'static str>,
}

/// The bar under a message.
#[component]
pub fn MessageBar(
    /// The message.
    message: Shared,
    /// Its conversation.
    chat: AgentChat,
    /// Whether the answer is still being written; nothing for a question.
    streaming: Option<Memo<bool>>,
    /// Whether a question is being edited, or an answer shown as it was written.
    toggled: RwSignal<bool>,
) -> impl IntoView {
    let (copied, commenting) = (RwSignal::new(false), RwSignal::new(false));
    let (palette, said) = (use_palette(), RwSignal::new(""));
    let bar = Bar { message, chat, palette, toggled, copied, commenting, said };
    let act: Act = Arc::new(move |name| bar.act(name));
    let shown = move || {
        let wait = streaming.is_some_and(|streaming| streaming.get());
        if wait || !chat.is_settled() { ().into_any() } else { bar.view(&act, streaming.is_some()) }
    };
    view! {
        <div
            class="message-bar mt-1 flex min-h-7 flex-wrap items-center gap-0.5 text-muted"
            data-testid="message-bar"
        >
            {shown}
        </div>
        {when(move || commenting.get(), move || bar.comment())}
    }
}

impl Bar {
    fn view(&self, act: &Act, is_answer: bool) -> AnyView {
        let busy = self.chat.is_busy();
        let (id, rated, took) = self.message.read_value().with(|message| {
            let took = message.metadata.as_ref().and_then(details);
            (message.id.clone(), Rating::of(message), took)
        });
        let copy = if self.copied.get() { Glyph::Check } else { Glyph::Copy };
        let mut buttons = vec![BarButton::new("copy", copy, t().copy())];
        if is_answer {
            let rate = |name, glyph, label, rating| {
                BarButton::new(name, glyph, label).pressed(rated == Some(rating))
            };
            buttons.extend([
                rate("rate-up", Glyph::ThumbUp, t().good_answer(), Rating::Up),
                rate("rate-down", Glyph::ThumbDown, t().bad_answer(), Rating::Down),
                BarButton::new("answer-again", Glyph::Retry, t().answer_again()).disabled(busy),
            ]);
            if self.palette.has_models.get() {
                buttons.push(
                    BarButton::new("answer-again-with", Glyph::Models, t().answer_again_with())
                        .disabled(busy),
                );
            }
            buttons.push(
                BarButton::new("raw", Glyph::Source, t().show_the_text_as_it_was_written())
                    .pressed(self.toggled.get()),
            );
        } else {
            let editing = self.toggled.get();
            buttons
                .push(BarButton::new("edit", Glyph::Pencil, t().edit()).disabled(busy || editing));
        }
        let mut versions = Vec::new();
        let mut number = String::new();
        if let Some(place) = self.chat.place_among_versions(&id) {
            number = format!("{}/{}", place.number, place.count);
            versions.push(
                BarButton::new("version-previous", Glyph::ChevronLeft, t().earlier_version())
                    .disabled(busy || place.previous.is_none()),
            );
            buttons.insert(
                0,
                BarButton::new("version-next", Glyph::ChevronRight, t().later_version())
                    .disabled(busy || place.next.is_none()),
            );
        }
        // What an answer took is not announced: that it has ended is.
        let said = self.said.get();
        let took = took.filter(|_| said.is_empty());
        let draw = |buttons: Vec<BarButton>| {
            buttons.into_iter().map(|button| button.view(act)).collect::<Vec<_>>()
        };
        view! {
            {draw(versions)}
            <span class="text-xs tabular-nums" data-testid="version">{number}</span>
            {draw(buttons)}
            <span class="ml-1.5 text-xs" data-testid="details">{took}<span role="status">{said}</span></span>
        }
        .into_any()
    }

    fn act(&self, name: &str) {
        let id = id_of(self.message);
        let place = || untrack(|| self.chat.place_among_versions(&id));
        match name {
            "copy" => self.copy(),
            "edit" | "raw" => self.toggled.update(|toggled| *toggled = !*toggled),
            "answer-again" => self.chat.regenerate_message(&id),
            "answer-again-with" => {
                let chat = self.chat;
                let again = move |route: String| chat.regenerate_message_by(&id, &route);
                self.palette.open_again(Callback::new(again));
            }
            "rate-up" => self.rate(Rating::Up, ""),
            "rate-down" => self.rate(Rating::Down, ""),
            "version-previous" => self.go(place().and_then(|place| place.previous)),
            "version-next" => self.go(place().and_then(|place| place.next)),
            _ => {}
        }
    }

    fn go(&self, version: Option<i64>) {
        if let Some(version) = version {
            self.chat.select_version(version);
        }
    }

    fn copy(&self) {
        copy_text(&self.message.read_value().with_untracked(UiMessage::text));
        let copied = self.copied;
        copied.set(true);
        let back = move || {
            copied.try_set(false);
        };
        set_timeout(back, SHOWN);
    }

    /// Keeps a rating; one that is bad may be explained.
    fn rate(&self, rating: Rating, comment: &str) {
        let bar = *self;
        let explained = !comment.is_empty();
        self.chat.rate(&id_of(self.message), rating, comment, move |kept| {
            let words = match (kept, explained) {
                (false, _) => t().rating_not_kept(),
                (true, true) => t().thanks(),
                (true, false) => "",
            };
            bar.said.try_set(words);
            // What was written stays where it could not be kept.
            if kept {
                bar.commenting.try_set(rating == Rating::Down && !explained);
            }
            if explained {
                set_timeout(
                    move || {
                        bar.said.try_set("");
                    },
                    SAID,
                );
            }
        });
    }

    fn comment(&self) -> AnyView {
        let (bar, workspace) = (*self, use_workspace());
        let send = Callback::new(move |words: String| bar.rate(Rating::Down, &words));
        let leave = Callback::new(move |()| {
            bar.commenting.set(false);
            workspace.focus.update(|count| *count += 1);
        });
        comment(send, leave)
    }
}

/// The id of a message, now.
pub(super) fn id_of(message: Shared) -> String {
    message.read_value().with_untracked(|message| message.id.clone())
}
