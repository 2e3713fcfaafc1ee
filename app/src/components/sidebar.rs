//! The list of conversations: beside the thread, or a drawer on narrow screens.

use leptos::{ev, prelude::*};

use crate::language::t;
use crate::{
    components::{
        account_foot::account_foot,
        conversation_list::{ConversationList, Notes, files_foot},
        header::QUIET_BUTTON_CLASS,
        icon::{Glyph, Icon, Mark},
        section_links::SectionLinks,
    },
    hooks::{use_palette::use_palette, use_workspace::use_workspace},
};

/// The list of conversations.
#[component]
pub fn Sidebar() -> impl IntoView {
    let (workspace, palette) = (use_workspace(), use_palette());
    let close = move || workspace.drawer.set(false);
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    view! {
        <div
            class="backdrop fixed inset-0 z-20 md:hidden"
            data-open=move || workspace.drawer.get().to_string()
            aria-hidden="true"
            on:click=move |_| close()
        ></div>
        <nav
            class="drawer fixed inset-y-0 left-0 z-30 flex w-[17.5rem] flex-col bg-sidebar md:static md:w-[16.5rem]"
            aria-label=t().conversations()
            data-open=move || workspace.drawer.get().to_string()
            on:keydown=on_key
        >
            <div class="flex h-14 shrink-0 items-center gap-2.5 pl-5 pr-3">
                <Mark class="h-6 w-6" />
                <span class="flex-1 font-semibold tracking-tight">"Domovoi"</span>
                <button
                    type="button"
                    class=QUIET_BUTTON_CLASS
                    data-testid="commands"
                    aria-label=t().go_to_or_do_anything()
                    title=format!("{} (Ctrl K)", t().go_to_or_do_anything())
                    on:click=move |_| {
                        close();
                        palette.open();
                    }
                >
                    <Icon glyph=Glyph::Command />
                </button>
                <button
                    type="button"
                    class=format!("{QUIET_BUTTON_CLASS} md:hidden")
                    aria-label=t().close_the_list()
                    on:click=move |_| close()
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </div>
            <div class="px-3 pb-3 pt-1">
                <a
                    href="/"
                    class="flex h-9 items-center gap-2.5 rounded-lg px-2 text-sm font-medium transition-colors hover:bg-hover"
                    data-testid="conversation-new"
                    on:click=move |_| workspace.begin_new()
                >
                    <Icon glyph=Glyph::NewChat />
                    {t().new_conversation()}
                </a>
            </div>
            <ConversationList />
            <div class="shrink-0 border-t border-line px-3 py-2">
                <SectionLinks />
                <div class="flex items-center pt-1">
                    {account_foot()}
                    {files_foot()}
                </div>
            </div>
        </nav>
        <Notes />
    }
}
