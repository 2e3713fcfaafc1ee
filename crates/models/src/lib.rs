//! Language models behind one trait.
//!
//! [`LanguageModel`] is what an agent talks to; a provider implements it. Two are here: any
//! OpenAI-compatible endpoint, and a model that runs on this machine in a child process.
//! Conversations, tools and storage are not: those belong to `domovoi-agents`.
//!
//! | module | what is in it |
//! |---|---|
//! | [`openai`] | [`OpenAiModel`](openai::OpenAiModel): any endpoint that speaks OpenAI's chat completions |
//! | `embedded` | `EmbeddedModel`: starts, feeds and restarts the child process (feature `embedded-model`) |
//! | `worker` | what that child process runs: llama.cpp over lines of JSON (feature `embedded-model`) |
//! | [`gateway`] | routes by name: fallbacks, retries, limits, a cache, a log of requests |
//! | [`weights`] | the catalogue of weights: where they come from, and getting them whole onto the disk |
//! | `testing` | `ScriptedModel`: a model whose every event a test decides (feature `testing`) |
//!
//! ```
//! use domovoi_models::openai::{OpenAiConfig, OpenAiModel};
//! use domovoi_models::{LanguageModel, ModelReadiness};
//!
//! # fn main() -> Result<(), domovoi_models::ModelError> {
//! let model = OpenAiModel::new(OpenAiConfig {
//!     base_url: "http://127.0.0.1:8080/v1".into(),
//!     api_key: None,
//!     model: "local".into(),
//! })?;
//! assert_eq!(model.name(), "local");
//! assert_eq!(model.status().borrow().readiness, ModelReadiness::Ready);
//! # Ok(())
//! # }
//! ```

mod content;
mod error;
mod image_model;
mod language_model;
mod queue_position;
mod receipt;
mod request;
mod tokens;

#[cfg(feature = "embedded-model")]
pub mod embedded;
pub mod gateway;
pub mod openai;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod weights;
#[cfg(feature = "embedded-model")]
pub mod worker;

pub use content::{UserContent, UserPart};
pub use error::ModelError;
pub use image_model::{GeneratedImage, ImageModel, ImageRequest};
pub use language_model::{
    FinishReason, LanguageModel, ModelEvent, ModelReadiness, ModelStatus, ModelStream, Usage,
};
pub use queue_position::QueuePosition;
pub use receipt::Receipt;
pub use request::{
    ModelMessage, ModelRequest, RequestMetadata, ResponseFormat, ToolCall, ToolChoice,
    ToolDefinition,
};
pub use tokens::estimate_tokens;
