//! The bar above the thread: title, model, connection, theme.

use leptos::prelude::*;

use crate::language::t;
use crate::{
    components::{
        connection_dot::ConnectionDot,
        icon::{Glyph, Icon},
        model_status::ModelBadge,
    },
    hooks::use_workspace::use_workspace,
    theme::Theme,
};

/// A round button without a border.
pub(crate) const QUIET_BUTTON_CLASS: &str = "inline-flex h-9 w-9 shrink-0 items-center justify-center rounded-lg text-muted transition-colors hover:bg-hover hover:text-ink";

/// The bar above the thread.
#[component]
pub fn Header() -> impl IntoView {
    let workspace = use_workspace();
    view! {
        <header class="flex h-14 shrink-0 items-center gap-2 px-3 md:px-5">
            <button
                type="button"
                class=format!("{QUIET_BUTTON_CLASS} md:hidden")
                data-testid="sidebar-toggle"
                aria-label=t().conversations()
                aria-expanded=move || workspace.drawer.get().to_string()
                on:click=move |_| workspace.drawer.set(true)
            >
                <Icon glyph=Glyph::Panel />
            </button>
            <h1 class="min-w-0 flex-1 truncate text-[0.9375rem] font-medium">
                {move || workspace.title.get()}
            </h1>
            <ModelBadge />
            <ConnectionDot />
            <a
                href="/"
                class=format!("{QUIET_BUTTON_CLASS} md:hidden")
                aria-label=t().new_conversation()
                on:click=move |_| workspace.begin_new()
            >
                <Icon glyph=Glyph::NewChat />
            </a>
            <button
                type="button"
                class=format!("{QUIET_BUTTON_CLASS} wide-only")
                data-testid="theme-toggle"
                aria-label=t().switch_between_light_and_dark()
                title=t().light_or_dark()
                on:click=move |_| Theme::toggle()
            >
                <Icon glyph=Glyph::Theme />
            </button>
        </header>
    }
}
