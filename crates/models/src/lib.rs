//! Language models behind one trait.
//!
//! [`LanguageModel`] is what an agent talks to; a provider implements it. Two are here: any
//! OpenAI-compatible endpoint, and a model that runs on this machine in a child process.
//! Conversations, tools and storage are not: those belong to `domovoi-agents`.

mod error;
mod language_model;
mod request;

pub use error::ModelError;
pub use language_model::{
    FinishReason, LanguageModel, ModelEvent, ModelReadiness, ModelStatus, ModelStream, Usage,
};
pub use request::{ModelMessage, ModelRequest, ToolCall, ToolDefinition};
