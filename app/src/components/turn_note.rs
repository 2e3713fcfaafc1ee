//! Below the last message: what the turn waits for, or how it ended and the way to try again.

use std::sync::Arc;

use leptos::prelude::*;

use crate::language::t;
use crate::reactive::{memo, when};
use crate::{
    components::{
        bar_button::{Act, BarButton},
        icon::{Glyph, Icon},
    },
    hooks::use_agent_chat::{AgentChat, Ending},
};

/// What the turn waits for, or how the last one ended.
#[component]
pub fn TurnNote(
    /// The conversation.
    chat: AgentChat,
) -> impl IntoView {
    let ending = memo(move || chat.ending());
    move || match ending.get() {
        None => view! { <Queued chat /> }.into_any(),
        Some(Ending::Failed(text)) => view! {
            <div
                class="mt-2 flex items-start gap-3 rounded-xl bg-danger-soft px-4 py-3 text-sm"
                role="alert"
                data-testid="error"
            >
                <Icon glyph=Glyph::Alert class="mt-0.5 h-4 w-4 shrink-0 text-danger" />
                <p class="min-w-0 flex-1 whitespace-pre-line break-words">{text}</p>
                <Retry chat />
            </div>
        }
        .into_any(),
        // The bar under the answer has what there is to do.
        Some(Ending::Answered) => ().into_any(),
        Some(Ending::Stopped) => {
            view! { <Note chat text=t().you_stopped_this_answer() /> }.into_any()
        }
        Some(Ending::Interrupted) => view! { <Note chat text=t().cut_off() /> }.into_any(),
        Some(Ending::Unanswered) => view! { <Note chat text=t().no_answer_yet() /> }.into_any(),
    }
}

/// Where the model has others to answer first.
#[component]
fn Queued(chat: AgentChat) -> impl IntoView {
    move || {
        let words = match chat.ahead.get() {
            0 => return None,
            1 => t().one_answer_is_before_yours().to_owned(),
            ahead => t().answers_are_before_yours(ahead),
        };
        Some(view! { <p class="text-sm text-muted" role="status" data-testid="queue">{words}</p> })
    }
}

#[component]
fn Note(chat: AgentChat, text: &'static str) -> impl IntoView {
    view! {
        <div class="flex flex-wrap items-center gap-x-3 text-sm text-muted">
            <p>{text}</p>
            <Retry chat />
        </div>
    }
}

/// Tries again, or goes back to the answer there was before.
#[component]
fn Retry(chat: AgentChat) -> impl IntoView {
    let back: Act = Arc::new(move |_| {
        if let Some(version) = untrack(|| chat.missing_answer()) {
            chat.select_version(version);
        }
    });
    let draw = move || {
        BarButton::new("version-previous", Glyph::ChevronLeft, t().earlier_version()).view(&back)
    };
    view! {
        {when(move || chat.missing_answer().is_some(), draw)}
        <button
            type="button"
            class="-mx-2 inline-flex h-8 shrink-0 items-center gap-1.5 rounded-lg px-2 text-sm text-muted transition-colors hover:bg-hover hover:text-ink"
            data-testid="retry"
            on:click=move |_| chat.regenerate()
        >
            <Icon glyph=Glyph::Retry class="h-4 w-4" />
            {t().try_again()}
        </button>
    }
}
