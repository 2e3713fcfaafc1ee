//! The messages of a conversation.
//!
//! The scroller lays its one child out from the bottom (`flex-direction: column-reverse`), so a
//! page arrives at the latest message without a script, and follows new text for as long as a
//! person has not scrolled away.

use leptos::{html, prelude::*};

use crate::language::t;
use crate::reactive::{effect, memo, when};
use crate::{
    components::{
        empty_state::EmptyState,
        icon::{Glyph, Icon},
        message::Message,
        turn_note::TurnNote,
    },
    hooks::{
        use_agent_chat::{AgentChat, ChatStatus},
        use_code_copy::copy_clicked_code,
        use_earlier::use_earlier,
        use_far_rows::use_far_rows,
        use_stick_to_end::use_stick_to_end,
        use_target_message::use_target_message,
    },
};

/// The messages, or the greeting where there are none.
#[component]
pub fn Thread(
    /// The conversation.
    chat: AgentChat,
) -> impl IntoView {
    let scroller = NodeRef::<html::Div>::new();
    let stick = use_stick_to_end(scroller);
    use_target_message(chat);
    let near_or_far = use_far_rows(chat);
    let load_earlier = use_earlier(scroller, chat);
    let is_empty = memo(move || chat.rows.with(Vec::is_empty));
    let waiting = move || chat.status.get() == ChatStatus::Submitted;
    effect(move || {
        if chat.status.get() == ChatStatus::Submitted {
            stick.jump(false);
        }
    });
    view! {
        <div class="relative min-h-0 flex-1">
            <div
                node_ref=scroller
                data-testid="thread"
                class="scroller flex h-full flex-col-reverse overflow-y-auto overscroll-contain"
                on:scroll=move |_| {
                    stick.scrolled();
                    load_earlier();
                }
                on:click=copy_clicked_code
            >
                <div class="mb-auto w-full">
                    {when(move || is_empty.get() && !chat.is_loading.get(), move || { view! {
                        <EmptyState chat />
                    }.into_any() })}
                    {when(move || chat.has_older.get(), move || { view! {
                        <div class="flex justify-center px-4 pt-6 [overflow-anchor:none]">
                            <button
                                type="button"
                                class="rounded-full border border-line bg-surface px-4 py-1.5 text-sm text-muted transition-colors hover:text-ink disabled:opacity-60"
                                data-testid="load-earlier"
                                disabled=move || chat.is_loading_older.get()
                                on:click=move |_| chat.load_older()
                            >
                                {t().load_earlier_messages()}
                            </button>
                        </div>
                    }.into_any() })}
                    <ol
                        class="mx-auto flex w-full max-w-[46rem] flex-col gap-7 px-4 pt-6"
                        on:contentvisibilityautostatechange=near_or_far
                    >
                        <For
                            each=move || chat.rows.get()
                            key=|row| row.key.clone()
                            children=move |row| view! { <Message row chat /> }
                        />
                    </ol>
                    <div class="mx-auto w-full max-w-[46rem] px-4 pb-8 pt-3">
                        {when(waiting, move || { view! {
                            <p class="waiting flex h-7 items-center gap-1.5 pt-3">
                                <span class="sr-only">{t().waiting_for_the_answer()}</span>
                                <i></i>
                                <i></i>
                                <i></i>
                            </p>
                        }.into_any() })}
                        {when(move || !is_empty.get(), move || { view! {
                            <TurnNote chat />
                        }.into_any() })}
                    </div>
                </div>
            </div>
            {when(move || !stick.at_end.get(), move || { view! {
                <button
                    type="button"
                    class="absolute inset-x-0 bottom-3 mx-auto inline-flex h-9 w-9 items-center justify-center rounded-full border border-line bg-surface text-muted shadow-md transition-colors hover:text-ink"
                    data-testid="jump-latest"
                    aria-label=t().to_the_latest_message()
                    on:click=move |_| stick.jump(true)
                >
                    <Icon glyph=Glyph::ArrowDown />
                </button>
            }.into_any() })}
            <p class="sr-only" role="status" aria-live="polite">
                {move || chat.announcement.get()}
            </p>
        </div>
    }
}
