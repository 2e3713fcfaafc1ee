//! What an agent lists: asked for again whenever its state says that it has changed.

use domovoi_client::ConnectionStatus;
use leptos::prelude::*;
use serde_json::Value;

use super::{use_agent::Agent, use_workspace::use_workspace};

use crate::reactive::effect;

/// What the method `list` of an agent answers; until it has, `initial`. The page's connection is
/// the agent's.
pub fn use_listing(agent: Agent<Value>, initial: Value) -> RwSignal<Value> {
    let view = RwSignal::new(initial);
    let workspace = use_workspace();
    effect(move || {
        agent.state.track();
        let status = agent.connection.get();
        workspace.connection.set(status);
        if status == ConnectionStatus::Open {
            let then = move |found| {
                // Where the connection went meanwhile, the next one asks again.
                if let Ok(found) = found {
                    view.try_set(found);
                }
            };
            agent.ask("list", Vec::new(), Box::new(then));
        }
    });
    view
}
