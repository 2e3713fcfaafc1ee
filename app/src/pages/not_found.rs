//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::icon::Mark;
use crate::language::t;

/// An address that leads nowhere. The server answers it with status 404.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text=format!("{} \u{b7} Domovoi", t().not_found()) />
        <main class="flex h-dvh flex-col items-center justify-center gap-3 bg-canvas px-6 text-center text-ink">
            <Mark class="h-12 w-12" />
            <h1 class="mt-3 text-2xl font-semibold tracking-tight">{t().nobody_lives_here()}</h1>
            <p class="text-muted">{t().this_address_leads_nowhere()}</p>
            <a class="link mt-2" href="/" rel="external">
                {t().to_your_conversations()}
            </a>
        </main>
    }
}
