//! The foot of the sidebar: the pages of agents at work.

use leptos::prelude::*;

use crate::{
    address::Section,
    components::icon::{Glyph, Icon},
    hooks::use_workspace::use_workspace,
    language::t,
};

/// Links to the pages of agents at work, with the number of calls that wait for a person.
#[component]
pub fn SectionLinks() -> impl IntoView {
    let workspace = use_workspace();
    let waiting = move || {
        let count = workspace.approvals.state.with(|state| state["open"].as_u64());
        count.filter(|count| *count > 0)
    };
    let badge = move || {
        waiting().map(|count| {
            view! {
                <span
                    class="rounded-full bg-accent px-2 text-xs font-medium text-on-accent"
                    data-testid="approvals-badge"
                >
                    <span aria-hidden="true">{count}</span>
                    <span class="sr-only">{t().count_wait(count)}</span>
                </span>
            }
        })
    };
    let link = |section: Section, glyph: Glyph, badge: AnyView| {
        let (path, title) = section.place();
        let is_open = move || workspace.section.get() == section;
        view! {
            <a
                href=path
                class=move || {
                    if is_open() {
                        "flex h-9 items-center gap-2.5 rounded-lg bg-hover px-2"
                    } else {
                        "flex h-9 items-center gap-2.5 rounded-lg px-2 transition-colors hover:bg-hover"
                    }
                }
                aria-current=move || is_open().then_some("page")
                data-testid=format!("{section:?}")
                on:click=move |_| workspace.drawer.set(false)
            >
                <Icon glyph class="h-4 w-4 shrink-0 text-muted" />
                <span class="flex-1">{title}</span>
                {badge}
            </a>
        }
        .into_any()
    };
    view! {
        <div class="flex shrink-0 flex-col gap-px border-t border-line px-3 py-3 text-sm">
            {link(Section::Approvals, Glyph::Check, badge.into_any())}
            {link(Section::Tasks, Glyph::Clock, ().into_any())}
            {link(Section::Agents, Glyph::Chip, ().into_any())}
            {link(Section::Prompts, Glyph::Bookmark, ().into_any())}
        </div>
    }
}
