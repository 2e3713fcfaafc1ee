//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::icon::Mark;

/// An address that leads nowhere. The server answers it with status 404.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found \u{b7} Domovoi" />
        <main class="flex h-dvh flex-col items-center justify-center gap-3 bg-canvas px-6 text-center text-ink">
            <Mark class="h-12 w-12" />
            <h1 class="mt-3 text-2xl font-semibold tracking-tight">"Nobody lives here"</h1>
            <p class="text-muted">"This address leads nowhere."</p>
            <a class="link mt-2" href="/" rel="external">
                "To your conversations"
            </a>
        </main>
    }
}
