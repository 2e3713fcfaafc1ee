//! The agents the server comes with.

mod approvals;
mod assistant;
mod assistant_tools;
mod conversations;
mod files;
mod outside;
mod prompts;
mod system;
mod tasks;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use domovoi_agents::{AgentsBuilder, chat::Tool, prelude::*};
use domovoi_models::LanguageModel;

pub(crate) use approvals::Approvals;
pub(crate) use assistant::Assistant;
use assistant_tools::AssistantTools;
pub(crate) use conversations::Conversations;
pub(crate) use prompts::Prompts;
pub(crate) use system::{System, system_state};
pub(crate) use tasks::Tasks;

use crate::config::Config;

/// Name of the one instance of [`Conversations`] and of [`System`].
pub(crate) const DEFAULT: &str = domovoi_protocol::address::DEFAULT_INSTANCE;

/// Refuses what a client makes of a state that only the server changes.
fn server_only(source: &StateSource, refusal: &'static str) -> Result<()> {
    match source {
        StateSource::Server => Ok(()),
        StateSource::Client(_) => Err(refusal.into()),
    }
}

/// A text on one line, with one space between its words.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What comes after the address of an instance in a path.
fn sub_path(uri: &http::Uri) -> &str {
    uri.path().splitn(5, '/').nth(4).unwrap_or_default()
}

/// The assistant as it is configured, with tools that were added to the server.
pub(crate) fn assistant(config: &Config, tools: Vec<Arc<dyn Tool>>) -> Assistant {
    Assistant::new(AssistantTools::new(config, tools), config.instructions.clone())
}

/// Adds the built-in agents.
pub(crate) fn register(
    builder: AgentsBuilder,
    config: &Config,
    model: &Arc<dyn LanguageModel>,
    tools: Vec<Arc<dyn Tool>>,
) -> AgentsBuilder {
    let assistant = assistant(config, tools);
    let system = System::new(Arc::clone(model));
    let (approvals, tasks) = (Approvals::default(), Tasks::default());
    builder
        .chat_agent_with(move || assistant.clone())
        .agent_with(move || approvals.clone())
        .agent_with(move || tasks.clone())
        .agent::<Conversations>()
        .agent::<Prompts>()
        .agent_with(move || system.clone())
}
