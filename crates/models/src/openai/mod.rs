//! Any endpoint that speaks OpenAI's chat completions: OpenAI itself, a gateway, Ollama, vLLM,
//! llama.cpp's server.
//!
//! | file | what is in it |
//! |---|---|
//! | `endpoint` | address and key; nothing is taken from the environment |
//! | `transport` | one HTTP request without retries |
//! | `lines` | whole lines of a stream, none of them too long |
//! | `failure` | what an endpoint's failures mean |
//! | `request` | our request as their JSON |
//! | `chunk` | their stream as types, lenient: endpoints differ |
//! | `tool_calls` | calls of tools, which come in pieces |
//! | `assemble` | chunks into [`ModelEvent`]s |
//! | `images` | [`OpenAiImages`]: pictures made from words |
//!
//! The client crate, `async-openai`, logs what it cannot parse: switch its logs off
//! (`async_openai=off`) where message text must not reach them.

mod assemble;
mod chunk;
mod endpoint;
mod failure;
mod images;
mod lines;
mod request;
mod tool_calls;
mod transport;

use std::fmt;

use async_openai::Client;
use async_openai::types::stream::StreamResponse;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use tokio::sync::watch;

use self::assemble::Assembler;
use self::chunk::Chunk;
use self::endpoint::Endpoint;
pub use self::images::OpenAiImages;
use self::transport::{Expected, Transport};
use crate::{
    LanguageModel, ModelError, ModelEvent, ModelReadiness, ModelRequest, ModelStatus, ModelStream,
};

/// Where a model is and what it is called there.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenAiConfig {
    /// The address up to and without `/chat/completions`, for example `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key, sent as a bearer token; no header is sent without one.
    pub api_key: Option<String>,
    /// The model's name at the endpoint.
    pub model: String,
}

impl fmt::Debug for OpenAiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiConfig")
            .field("base_url", &endpoint::public_address(&self.base_url))
            .field("api_key", &self.api_key.as_ref().map(|_| "redacted"))
            .field("model", &self.model)
            .finish()
    }
}

/// A model behind an OpenAI-compatible endpoint.
///
/// Failures come at once: nothing is retried here. A connection must be made within ten seconds;
/// after that the model may think for as long as it likes, while the other machine is there: it is
/// asked by TCP, and one that vanished is noticed after half a minute.
#[derive(Clone)]
pub struct OpenAiModel {
    client: Client<Endpoint>,
    endpoint: Endpoint,
    model: String,
    context_window: Option<u32>,
    accepts_images: bool,
    status: watch::Sender<ModelStatus>,
}

impl fmt::Debug for OpenAiModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiModel")
            .field("endpoint", &self.endpoint.address())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl OpenAiModel {
    /// A model at this endpoint. Nothing is sent yet, so a wrong key shows at the first request.
    ///
    /// # Errors
    /// [`ModelError::Unavailable`] where the address is no HTTP address or the key has characters
    /// that no header can carry.
    pub fn new(config: OpenAiConfig) -> Result<Self, ModelError> {
        let endpoint = Endpoint::new(&config.base_url, config.api_key.as_deref())?;
        let transport = Transport::new(endpoint.clone(), Expected::Events)?;
        let readiness = ModelReadiness::Ready;
        Ok(Self {
            client: Client::build(transport.http_client(), endpoint.clone())
                .with_http_service(transport),
            endpoint,
            status: watch::Sender::new(ModelStatus::new(&*config.model, readiness)),
            model: config.model,
            context_window: None,
            accepts_images: true,
        })
    }

    /// Says how many tokens of conversation and answer the model can keep in mind; endpoints do
    /// not tell.
    #[must_use]
    pub fn with_context_window(mut self, tokens: u32) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// Says whether the model can look at images, which it can where nothing is said.
    #[must_use]
    pub fn with_images(mut self, accepts: bool) -> Self {
        self.accepts_images = accepts;
        self
    }
}

impl LanguageModel for OpenAiModel {
    fn name(&self) -> &str {
        &self.model
    }

    fn status(&self) -> watch::Receiver<ModelStatus> {
        self.status.subscribe()
    }

    fn context_window(&self) -> Option<u32> {
        self.context_window
    }

    fn accepts_images(&self) -> bool {
        self.accepts_images
    }

    fn stream(&self, request: ModelRequest) -> BoxFuture<'_, Result<ModelStream, ModelError>> {
        async move {
            if request.has_images() && !self.accepts_images {
                return Err(ModelError::no_images(&self.model));
            }
            let body = request::body(&self.model, &request, self.endpoint.is_openai());
            let chunks: StreamResponse<Chunk> =
                self.client
                    .chat()
                    .create_stream_byot(body)
                    .await
                    .map_err(|error| failure::at_start(error, &self.endpoint))?;
            let endpoint = self.endpoint.clone();
            let without_key = move |error| failure::without_key(error, &endpoint);
            Ok(events(chunks).map(move |event| event.map_err(&without_key)).boxed())
        }
        .boxed()
    }
}

/// The events of a stream of chunks; ends after a finish or an error.
fn events(
    chunks: StreamResponse<Chunk>,
) -> impl futures::Stream<Item = Result<ModelEvent, ModelError>> + Send {
    let batches = stream::unfold(Some((chunks, Assembler::default())), |state| async {
        let (mut chunks, mut assembler) = state?;
        match chunks.next().await {
            Some(Ok(chunk)) => match assembler.push(chunk) {
                Ok(events) => {
                    Some((events.into_iter().map(Ok).collect(), Some((chunks, assembler))))
                }
                Err(error) => Some((vec![Err(error)], None)),
            },
            Some(Err(error)) => Some((assembler.end(Some(failure::midway(error))), None)),
            None => Some((assembler.end(None), None)),
        }
    });
    batches.flat_map(stream::iter)
}
