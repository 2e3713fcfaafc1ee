//! What several tests need. Each test binary uses a part of it.

pub mod http;
pub mod weights;

use domovoi_models::{LanguageModel, ModelError, ModelEvent, ModelMessage, ModelRequest};
use futures::StreamExt;

/// One question.
pub fn ask(question: &str, max_tokens: u32) -> ModelRequest {
    let content = question.into();
    let mut request = ModelRequest::new(vec![ModelMessage::User { content }]);
    request.max_tokens = Some(max_tokens);
    request
}

/// A whole reply, errors included.
pub async fn reply(
    model: &dyn LanguageModel,
    request: ModelRequest,
) -> Result<Vec<Result<ModelEvent, ModelError>>, ModelError> {
    Ok(model.stream(request).await?.collect().await)
}

/// The text of a reply.
pub fn text(events: &[Result<ModelEvent, ModelError>]) -> String {
    let text = |event: &Result<ModelEvent, ModelError>| match event {
        Ok(ModelEvent::Text(text)) => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}
