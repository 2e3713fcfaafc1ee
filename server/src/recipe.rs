//! What every home is made of alike: configuration, models, tools, agents that were added.

use std::sync::Arc;

use axum::Router;
use domovoi_agents::{Agents, AgentsBuilder};
use domovoi_models::{
    LanguageModel,
    gateway::{Gateway, Payer},
};

use crate::{
    Domovoi, ServeError, agents,
    config::Config,
    languages::LANGUAGES,
    people::{People, Shares, Whose},
    web::{self, HttpRequests},
};

/// What every home is made of.
pub(crate) struct Recipe {
    pub(crate) config: Config,
    pub(crate) domovoi: Domovoi,
    pub(crate) gateway: Gateway,
    /// The model that pages speak of.
    pub(crate) model: Arc<dyn LanguageModel>,
    pub(crate) requests: HttpRequests,
    pub(crate) people: Arc<People>,
}

impl Recipe {
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The assistant, for answers outside of any conversation.
    pub(crate) fn assistant(&self) -> agents::Assistant {
        agents::assistant(&self.config, self.domovoi.tools.clone())
    }

    /// The agents of a home; requests to models are the payer's.
    pub(crate) fn build(
        &self,
        builder: AgentsBuilder,
        payer: &Payer,
        whose: Whose,
    ) -> Result<Agents, ServeError> {
        let builder = builder
            .service(self.gateway.for_payer(payer))
            .service(Shares::new(&self.people, whose))
            .service(LANGUAGES);
        let tools = self.domovoi.tools.clone();
        let builder = agents::register(builder, &self.config, &self.model, tools);
        let added = self.domovoi.registrations.iter();
        Ok(added.fold(builder, |builder, add| add(builder)).build()?)
    }

    /// What a home answers to requests.
    pub(crate) fn routes(&self, agents: &Agents, payer: &Payer) -> Router {
        web::home(agents, payer, &self.model, &self.requests, &self.people)
    }
}
