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
                    class="absolute -top-1.5 left-2.5 min-w-4 rounded-full bg-accent px-1 text-center font-medium leading-4 text-on-accent"
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
                        "flex flex-auto flex-col items-center gap-1 rounded-lg bg-hover px-1 pb-1 pt-2 leading-tight"
                    } else {
                        "flex flex-auto flex-col items-center gap-1 rounded-lg px-1 pb-1 pt-2 leading-tight text-muted transition-colors hover:bg-hover hover:text-ink"
                    }
                }
                aria-current=move || is_open().then_some("page")
                data-testid=format!("{section:?}")
                on:click=move |_| workspace.drawer.set(false)
            >
                <span class="relative">
                    <Icon glyph />
                    {badge}
                </span>
                {title}
            </a>
        }
        .into_any()
    };
    view! {
        <div class="flex gap-px text-[0.6875rem]">
            {link(Section::Approvals, Glyph::Check, badge.into_any())}
            {link(Section::Tasks, Glyph::Clock, ().into_any())}
            {link(Section::Agents, Glyph::Chip, ().into_any())}
            {link(Section::Prompts, Glyph::Bookmark, ().into_any())}
        </div>
    }
}
