//! One conversation: its thread and its composer.

use domovoi_protocol::UiMessage;
use leptos::prelude::*;

use crate::language::t;
use crate::reactive::effect;
use crate::{
    components::{
        composer::Composer, connection_dot::ConnectionBanner, model_status::ModelNotice,
        queue::Queue, thread::Thread,
    },
    hooks::{
        use_agent_chat::use_agent_chat, use_connection_lost::use_connection_lost,
        use_workspace::use_workspace,
    },
};

/// One conversation.
#[component]
pub fn ChatPane(
    /// Its id.
    id: String,
    /// Its messages, where they are known.
    messages: Option<Vec<UiMessage>>,
) -> impl IntoView {
    let workspace = use_workspace();
    let chat = use_agent_chat(&id, messages);
    // Parts of messages that ask something find it there.
    provide_context(chat);
    let lost = use_connection_lost(chat.connection);
    effect(move || workspace.connection.set(chat.connection.get()));
    // A new conversation gets its address with its first message.
    effect(move || {
        let begun = !chat.rows.with(Vec::is_empty);
        if begun && workspace.open_id.get_untracked().is_none() {
            workspace.keep();
        }
    });
    view! {
        <section class="flex min-h-0 flex-1 flex-col" aria-label=t().conversation()>
            <Thread chat />
            <div class="shrink-0 px-4 pb-4 md:px-6">
                <ModelNotice />
                <div class="mx-auto w-full max-w-[46rem]">
                    <ConnectionBanner lost />
                    <Queue chat />
                    <Composer chat />
                    <p class="mt-2 text-center text-xs text-faint">
                        {t().models_make_mistakes()}
                    </p>
                </div>
            </div>
        </section>
    }
}
