//! The model's name and whether it can answer.

use leptos::prelude::*;

use crate::language::t;
use crate::reactive::memo;
use crate::{
    address::Section,
    components::icon::{Glyph, Icon},
    hooks::{use_palette::use_palette, use_workspace::use_workspace},
    types::Readiness,
    units::{bytes, time_left},
};

fn state_name(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Downloading { .. } => "downloading",
        Readiness::Loading => "loading",
        Readiness::Ready => "ready",
        Readiness::Failed { .. } => "failed",
    }
}

/// The model's name in the header.
#[component]
pub fn ModelBadge() -> impl IntoView {
    let (workspace, palette) = (use_workspace(), use_palette());
    let system = workspace.system;
    let words = move || {
        system.with(|system| match &system.model.readiness {
            Readiness::Downloading { .. } => t().downloading(),
            Readiness::Loading => t().loading(),
            Readiness::Ready => "",
            Readiness::Failed { .. } => t().not_available(),
        })
    };
    view! {
        <div
            class="flex min-w-0 shrink items-center gap-1.5 text-[0.8125rem] text-muted"
            class:hidden=move || workspace.section.get() != Section::Chat
        >
            <button
                type="button"
                class="max-w-[7rem] truncate rounded-lg px-2 py-1 transition-colors enabled:hover:bg-hover sm:max-w-[20rem]"
                // On a phone there is room for one of both beside the title.
                class:wide-only=move || !words().is_empty()
                data-testid="model-name"
                title=move || workspace.model.get()
                disabled=move || system.with(|system| system.routes.len() < 2)
                on:click=move |_| palette.open_models()
            >
                {move || workspace.model.get()}
            </button>
            <span
                class="shrink-0 text-faint empty:hidden"
                role="status"
                data-testid="model-status"
                data-state=move || system.with(|system| state_name(&system.model.readiness))
            >
                {words}
            </span>
        </div>
    }
}

/// What a person should know about a model that cannot answer yet.
#[component]
pub fn ModelNotice() -> impl IntoView {
    let system = use_workspace().system;
    let readiness = memo(move || system.with(|system| system.model.readiness.clone()));
    move || {
        match readiness.get() {
        Readiness::Downloading { received_bytes, total_bytes, seconds_left } => view! {
            <Download received_bytes total_bytes seconds_left />
        }
        .into_any(),
        Readiness::Failed { message, words } => view! {
            <div class="mx-auto mb-2 flex w-full max-w-[46rem] gap-3 rounded-xl bg-danger-soft px-4 py-3 text-sm">
                <Icon glyph=Glyph::Alert class="mt-0.5 h-4 w-4 shrink-0 text-danger" />
                <p class="min-w-0 whitespace-pre-line break-words">{t().said(&message, &words)}</p>
            </div>
        }
        .into_any(),
        Readiness::Loading | Readiness::Ready => ().into_any(),
    }
    }
}

#[component]
fn Download(
    received_bytes: u64,
    total_bytes: Option<u64>,
    seconds_left: Option<u64>,
) -> impl IntoView {
    let percent = total_bytes
        .filter(|total| *total > 0)
        .map(|total| received_bytes.saturating_mul(100).checked_div(total).unwrap_or(0).min(100));
    let amount = match total_bytes {
        Some(total) => t().amount_of_total(bytes(received_bytes), bytes(total)),
        None => bytes(received_bytes),
    };
    let left = seconds_left.map(|seconds| format!(" \u{b7} {}", time_left(seconds)));
    view! {
        <div class="mx-auto mb-2 w-full max-w-[46rem] rounded-xl bg-sunken px-4 py-3 text-sm">
            <p class="flex flex-wrap justify-between gap-x-4">
                <span class="font-medium">{t().fetching_the_model()}</span>
                <span class="tabular-nums text-muted">{amount}{left}</span>
            </p>
            <div
                class="mt-2 h-1.5 overflow-hidden rounded-full bg-[color:var(--line)]"
                role="progressbar"
                aria-label=t().download_of_the_model()
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=percent.map(|percent| percent.to_string())
            >
                <div
                    class="h-full rounded-full bg-accent transition-[width] duration-300"
                    style:width=format!("{}%", percent.unwrap_or(3))
                ></div>
            </div>
        </div>
    }
}
