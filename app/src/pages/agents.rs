//! Agents from the inside: instances by type, and of one its state, tables, connections, schedules.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{hooks::use_location, location::Url};
use serde_json::Value;

use crate::language::t;
use crate::reactive::{effect, memo};
use crate::{
    address::{INSTANCE, Section, page_of_instance},
    components::{
        inspector::inspector,
        work::{
            ROW_CLASS, SECONDARY_BUTTON_CLASS, back, button, each, group, heading, link, page,
            text, texts,
        },
    },
    hooks::{http, use_workspace::use_workspace},
};

const INSTANCE_CLASS: &str = "block max-w-full truncate rounded-lg border border-line px-3 py-1.5 text-sm transition-colors hover:bg-hover";

/// Agent types and their instances: a list of `AgentTypeView`.
#[component]
pub fn AgentsPage(
    /// What the page came with.
    initial: Value,
) -> impl IntoView {
    let workspace = use_workspace();
    let types = RwSignal::new(initial);
    // In the address, so that it is there after a reload and can be opened beside others.
    let query = use_location().query;
    let chosen = memo(move || {
        let instance = query.with(|query| query.get(INSTANCE))?;
        let (agent, name) = instance.split_once('/')?;
        Some((agent.to_owned(), name.to_owned()))
    });
    // Whether the server is there is what the foot of the sidebar knows.
    effect(move || workspace.connection.set(workspace.approvals.connection.get()));
    effect(move || {
        if chosen.with(Option::is_none) {
            spawn_local(async move {
                if let Ok(found) = http::ask("/api/inspect".to_owned(), None).await {
                    types.try_set(found);
                }
            });
        }
    });
    let shown = move || match chosen.get() {
        Some((agent, name)) => {
            vec![back(t().all_agents(), "all-agents", Section::Agents), inspector(&agent, &name)]
        }
        None => types.with(|types| {
            let types = types.as_array().map(Vec::as_slice).unwrap_or_default();
            types.iter().map(instances).collect()
        }),
    };
    page(t().agents(), vec![shown.into_any()])
}

fn instances(of_type: &Value) -> AnyView {
    let conversations = use_workspace().conversations;
    let agent = text(of_type, "agent");
    let names = RwSignal::new(texts(of_type, "names"));
    let more = RwSignal::new(of_type["more"] == true);
    let path = format!("/api/inspect/{agent}?after=");
    let load = Callback::new(move |()| {
        let last = names.with_untracked(|names| names.last().cloned()).unwrap_or_default();
        let path = format!("{path}{}", Url::escape(&last));
        spawn_local(async move {
            if let Ok(found) = http::ask(path, None).await {
                names.try_update(|names| names.extend(texts(&found, "names")));
                more.try_set(found["more"] == true);
            }
        });
    });
    let title = heading(agent.clone());
    let open = move |name: String| {
        let address = page_of_instance(&agent, &name);
        // A conversation is known by its title.
        let known = conversations.find(name.clone());
        let label = untrack(|| known.get()).map_or(name, |it| it.title);
        link(INSTANCE_CLASS, label, "instance", address)
    };
    let load_more = move || {
        more.get().then(|| button(SECONDARY_BUTTON_CLASS, t().more().to_owned(), "more", load))
    };
    let list = vec![each(names.into(), open), load_more.into_any()];
    group("flex min-w-0 flex-col gap-2", "agent-type", vec![title, group(ROW_CLASS, "", list)])
}
