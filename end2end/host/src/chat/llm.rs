//! Answers with the model the host was started with.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use domovoi_agents::prelude::*;
use domovoi_models::{
    LanguageModel,
    embedded::{EmbeddedConfig, EmbeddedModel, WorkerCommand},
    openai::{OpenAiConfig, OpenAiModel},
    weights::WeightsChoice,
};

use super::tools;

/// The model of `llm-agent`.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// Address of an OpenAI-compatible server, up to `/chat/completions`
    #[arg(long, env = "DOMOVOI_TEST_MODEL_URL")]
    model_url: Option<String>,
    /// The model's name there
    #[arg(long, env = "DOMOVOI_TEST_MODEL", default_value = "local")]
    model: String,
    /// The key it takes
    #[arg(long, env = "DOMOVOI_TEST_MODEL_KEY", hide_env_values = true)]
    model_key: Option<String>,
    /// Weights of an embedded model, where there is no server
    #[arg(long, conflicts_with = "model_url")]
    model_weights: Option<PathBuf>,
    /// Threads of the embedded model
    #[arg(long)]
    model_threads: Option<usize>,
    /// Let the model call the tools of `tool-agent`
    #[arg(long)]
    model_tools: bool,
}

#[derive(Clone)]
pub(crate) struct LlmAgent {
    model: Option<Arc<dyn LanguageModel>>,
    with_tools: bool,
}

#[agent]
impl LlmAgent {
    pub(crate) fn new(args: ModelArgs) -> Result<Self, Box<dyn std::error::Error>> {
        let with_tools = args.model_tools;
        Ok(Self { model: model(args)?, with_tools })
    }
}

fn model(args: ModelArgs) -> Result<Option<Arc<dyn LanguageModel>>, Box<dyn std::error::Error>> {
    if let Some(base_url) = args.model_url {
        let (api_key, model) = (args.model_key, args.model);
        return Ok(Some(Arc::new(OpenAiModel::new(OpenAiConfig { base_url, api_key, model })?)));
    }
    let Some(weights) = args.model_weights else { return Ok(None) };
    // Nothing is fetched: the weights are a file.
    let mut config = EmbeddedConfig::new(WorkerCommand::this_program()?, std::env::temp_dir());
    config.weights = WeightsChoice::Path(weights);
    config.threads = args.model_threads;
    Ok(Some(Arc::new(EmbeddedModel::start(config))))
}

impl AiChatAgent for LlmAgent {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let model = self
            .model
            .as_ref()
            .ok_or("This host has no model. Start it with --model-url or --model-weights.")?;
        let answer = StreamText::new(Arc::clone(model)).messages(&cx.messages()?);
        if !self.with_tools {
            return Ok(answer.into_reply());
        }
        // Small models call tools when they are left no choice of words.
        Ok(answer.tools(tools::all()).temperature(0.0).into_reply())
    }
}
