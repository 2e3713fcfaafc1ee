//! A conversation that has not begun.

use leptos::prelude::*;

use crate::language::t;
use crate::{components::icon::Mark, hooks::use_agent_chat::AgentChat};

/// A title, and the prompt it sends: short, and within reach of a small model.
fn suggestions() -> [(&'static str, &'static str); 4] {
    [
        (t().explain_something(), t().explain_something_prompt()),
        (t().write_some_code(), t().write_some_code_prompt()),
        (t().find_a_name(), t().find_a_name_prompt()),
        (t().tell_a_story(), t().tell_a_story_prompt()),
    ]
}

/// A greeting and four suggestions.
#[component]
pub fn EmptyState(
    /// The conversation.
    chat: AgentChat,
) -> impl IntoView {
    view! {
        <div class="flex min-h-[calc(100dvh-13rem)] flex-col items-center justify-center px-5 py-6">
            <Mark class="h-12 w-12" />
            <h2 class="mt-5 text-center text-[1.625rem] font-semibold leading-tight tracking-tight">
                {t().what_shall_we_do()}
            </h2>
            <p class="mt-2 max-w-[32rem] text-center text-muted">
                {t().lives_here()}
            </p>
            <div class="mt-9 grid w-full max-w-[40rem] grid-cols-2 gap-2.5">
                {suggestions()
                    .map(|(title, prompt)| {
                        view! {
                            <button
                                type="button"
                                class="flex flex-col items-start rounded-xl border border-line bg-surface px-4 py-3 text-left transition-colors hover:border-accent hover:bg-accent-soft"
                                data-testid="suggestion"
                                on:click=move |_| chat.send(prompt)
                            >
                                <span class="block text-sm font-medium">{title}</span>
                                <span class="mt-0.5 hidden text-sm leading-snug text-muted sm:block">
                                    {prompt}
                                </span>
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
        </div>
    }
}
