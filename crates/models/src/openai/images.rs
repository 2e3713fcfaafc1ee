//! Pictures made from words, at `/images/generations`.

use std::fmt;

use async_openai::Client;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::{FutureExt, future::BoxFuture};
use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::transport::{Expected, Transport};
use super::{OpenAiConfig, failure};
use crate::{GeneratedImage, ImageModel, ImageRequest, ModelError};

/// Most bytes of a picture that is fetched from an address.
const MAX_IMAGE_BYTES: usize = 32 * 1024 * 1024;

/// A model behind an OpenAI-compatible endpoint that makes pictures.
#[derive(Clone)]
pub struct OpenAiImages {
    client: Client<Endpoint>,
    http: reqwest::Client,
    endpoint: Endpoint,
    model: String,
}

impl fmt::Debug for OpenAiImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiImages")
            .field("endpoint", &self.endpoint.address())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Images {
    #[serde(default)]
    data: Vec<Image>,
}

/// Newer models send the file; older ones, where nothing is asked for, its address.
#[derive(Deserialize)]
struct Image {
    b64_json: Option<String>,
    url: Option<String>,
    revised_prompt: Option<String>,
}

impl OpenAiImages {
    /// A model at this endpoint. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelError::Unavailable`] where the address is no HTTP address or the key has characters
    /// that no header can carry.
    pub fn new(config: OpenAiConfig) -> Result<Self, ModelError> {
        let endpoint = Endpoint::new(&config.base_url, config.api_key.as_deref())?;
        let transport = Transport::new(endpoint.clone(), Expected::Json)?;
        let http = transport.http_client();
        let client = Client::build(http.clone(), endpoint.clone()).with_http_service(transport);
        Ok(Self { client, http, endpoint, model: config.model })
    }

    async fn image(&self, image: Image) -> Result<GeneratedImage, ModelError> {
        let bytes = match (image.b64_json, image.url) {
            (Some(text), _) => BASE64_STANDARD.decode(text.trim()).ok(),
            (None, Some(url)) => Some(self.fetch(&url).await?),
            (None, None) => None,
        };
        bytes
            .and_then(|bytes| GeneratedImage::from_bytes(bytes, image.revised_prompt))
            .ok_or_else(|| not_a_picture("it sent something that is not a picture"))
    }

    /// The key stays here: the address is that of some store.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, ModelError> {
        let failed =
            |error: reqwest::Error| ModelError::Interrupted(Some(error.without_url().into()));
        let response = self.http.get(url).send().await.map_err(failed)?;
        let mut response = response.error_for_status().map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_IMAGE_BYTES {
                return Err(not_a_picture("the picture is larger than 32 MB"));
            }
        }
        Ok(bytes)
    }
}

impl ImageModel for OpenAiImages {
    fn name(&self) -> &str {
        &self.model
    }

    fn generate(
        &self,
        request: ImageRequest,
    ) -> BoxFuture<'_, Result<Vec<GeneratedImage>, ModelError>> {
        async move {
            let mut body =
                json!({"model": self.model, "prompt": request.prompt, "n": request.count.max(1)});
            if let Some(size) = request.size {
                body["size"] = size.into();
            }
            let answer: Value = self
                .client
                .images()
                .generate_byot(body)
                .await
                .map_err(|error| failure::at_start(error, &self.endpoint))?;
            if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
                return Err(failure::without_key(failure::in_stream(error), &self.endpoint));
            }
            let images = serde_json::from_value::<Images>(answer);
            let images =
                images.map_err(|_| not_a_picture("it sent something else than pictures"))?;
            if images.data.is_empty() {
                return Err(not_a_picture("it sent no picture"));
            }
            futures::future::try_join_all(images.data.into_iter().map(|image| self.image(image)))
                .await
        }
        .boxed()
    }
}

fn not_a_picture(message: &str) -> ModelError {
    ModelError::Provider { status: None, message: message.to_owned() }
}
