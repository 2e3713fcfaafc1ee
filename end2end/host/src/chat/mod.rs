//! Chat agents. What each of them says is what tests of every client expect.

mod bad_key;
mod bench;
mod data_parts;
mod llm;
mod max_persisted;
mod notify;
mod plain;
mod sanitize;
mod slow;
mod tool_agent;
mod tool_model;
mod tools;

use std::error::Error;

use domovoi_agents::AgentsBuilder;

pub(crate) use llm::ModelArgs;

/// Adds all chat agents.
pub(crate) async fn add(
    builder: AgentsBuilder,
    model: ModelArgs,
) -> Result<AgentsBuilder, Box<dyn Error>> {
    let bad_key = bad_key::BadKeyAgent::start().await?;
    let llm = llm::LlmAgent::new(model)?;
    let tools = tool_agent::ToolAgent::new();
    Ok(builder
        .chat_agent::<plain::ChatAgent>()
        .chat_agent::<slow::SlowAgent>()
        .chat_agent::<data_parts::DataPartsAgent>()
        .chat_agent::<bench::BenchChatAgent>()
        .chat_agent::<sanitize::SanitizeAgent>()
        .chat_agent::<max_persisted::MaxPersistedAgent>()
        .chat_agent::<notify::NotifyAgent>()
        .chat_agent_with(move || bad_key.clone())
        .chat_agent_with(move || llm.clone())
        .chat_agent_with(move || tools.clone()))
}
