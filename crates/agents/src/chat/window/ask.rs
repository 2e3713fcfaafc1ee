//! Asking a model, which may refuse what is too long.

use std::future::ready;

use domovoi_models::{LanguageModel, ModelError, ModelRequest, ModelStream};
use futures::{StreamExt, stream};

/// Asks a model. That the request is too long, which some say in the reply, is an error in any
/// case.
pub(in super::super) async fn ask(
    model: &dyn LanguageModel,
    request: ModelRequest,
) -> Result<ModelStream, ModelError> {
    let mut reply = model.stream(request).await?;
    match reply.next().await {
        Some(Err(error @ ModelError::ContextExceeded { .. })) => Err(error),
        Some(first) => Ok(stream::once(ready(first)).chain(reply).boxed()),
        None => Ok(stream::empty().boxed()),
    }
}
