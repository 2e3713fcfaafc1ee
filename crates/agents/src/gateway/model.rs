//! The model of a route, for an agent.

use std::sync::Arc;

use domovoi_models::{LanguageModel, RequestMetadata, gateway::Gateway};

use crate::{Agent, AgentError, Context, chat::ChatTurn};

impl<A: Agent> Context<A> {
    /// The model of a route of the gateway, which is the service [`Gateway`]. Its requests count as
    /// this agent's.
    ///
    /// # Errors
    /// [`AgentError::UnknownModel`] where there is no route of this name, or no gateway.
    pub fn model(&self, route: &str) -> Result<Arc<dyn LanguageModel>, AgentError> {
        let gateway = self.agents().service::<Gateway>();
        let model = gateway.as_ref().and_then(|gateway| gateway.model(route));
        let model = model.ok_or_else(|| {
            let known = gateway.iter().flat_map(|gateway| gateway.routes());
            AgentError::UnknownModel {
                route: route.to_owned(),
                known: known.collect::<Vec<_>>().join(", "),
            }
        })?;
        let conversation = format!("{}/{}", self.agent(), self.name());
        Ok(Arc::new(model.for_agent(self.agent()).for_conversation(conversation)))
    }

    /// What a gateway should know of the requests of a turn: which agent asks, and which message
    /// the answer becomes, so that feedback finds it. Add who asks, where limits are per person.
    #[must_use]
    pub fn request_metadata(&self, turn: &ChatTurn) -> RequestMetadata {
        let mut metadata = RequestMetadata::default();
        metadata.agent = Some(self.agent().to_owned());
        metadata.conversation = Some(format!("{}/{}", self.agent(), self.name()));
        metadata.message_id = Some(turn.message_id.clone());
        metadata
    }
}
