//! Version and model, live in every tab.

use std::sync::Arc;

use domovoi_agents::{Agents, prelude::*};
use domovoi_app::types::{ModelView, Readiness, RouteView, SystemState};
use domovoi_models::{LanguageModel, ModelReadiness, ModelStatus, gateway::Gateway};

use super::server_only;
use crate::languages::LANGUAGES;

/// The state of the system.
#[derive(Clone)]
pub(crate) struct System {
    model: Arc<dyn LanguageModel>,
}

#[agent(state = SystemState)]
impl System {
    pub(crate) fn new(model: Arc<dyn LanguageModel>) -> Self {
        Self { model }
    }

    fn validate_state(
        &self,
        _cx: &Context<Self>,
        _state: &SystemState,
        source: &StateSource,
    ) -> Result<()> {
        server_only(source, "the system's state is the server's")
    }

    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        let mut status = self.model.status();
        let mut shown = system_state(&status.borrow_and_update(), cx.agents());
        cx.set_state(shown.clone())?;
        let following = cx.clone();
        cx.spawn(async move {
            loop {
                tokio::select! {
                    changed = status.changed() => if changed.is_err() { return },
                    () = following.agents().stopping() => return,
                }
                let state = system_state(&status.borrow_and_update(), following.agents());
                // The length of the model's queue is nothing that is shown to everybody.
                if state == shown {
                    continue;
                }
                shown = state.clone();
                if let Err(error) = following.set_state(state) {
                    tracing::warn!(%error, "the system's state cannot be stored");
                }
            }
        });
        Ok(())
    }
}

/// The state for a status of the model that answers by default, with all that can be chosen.
pub(crate) fn system_state(status: &ModelStatus, agents: &Agents) -> SystemState {
    let readiness = match &status.readiness {
        ModelReadiness::Downloading { received_bytes, total_bytes, seconds_left } => {
            Readiness::Downloading {
                received_bytes: *received_bytes,
                total_bytes: Some(*total_bytes),
                seconds_left: *seconds_left,
            }
        }
        ModelReadiness::Ready => Readiness::Ready,
        ModelReadiness::Failed { message } => {
            Readiness::Failed { message: message.clone(), words: LANGUAGES.words(message).into() }
        }
        _ => Readiness::Loading,
    };
    let model = ModelView { name: status.name.clone(), readiness };
    let gateway = agents.service::<Gateway>();
    let route = |name: &str| {
        let model = gateway.as_ref()?.model(name)?.status().borrow().name.clone();
        Some(RouteView { name: name.to_owned(), model })
    };
    let routes = gateway.iter().flat_map(|gateway| gateway.routes()).filter_map(route).collect();
    SystemState { version: env!("CARGO_PKG_VERSION").to_owned(), model, routes }
}
