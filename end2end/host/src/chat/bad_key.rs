//! A provider that does not take the key: an HTTP server of this process, asked over a socket.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use domovoi_agents::prelude::*;
use domovoi_models::{
    LanguageModel,
    openai::{OpenAiConfig, OpenAiModel},
};
use serde_json::json;
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct BadKeyAgent {
    model: Arc<dyn LanguageModel>,
}

#[agent]
impl BadKeyAgent {
    /// Starts the provider.
    pub(crate) async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let model = OpenAiModel::new(OpenAiConfig {
            base_url: format!("http://{}/v1", listener.local_addr()?),
            api_key: Some("sk-wrong".to_owned()),
            model: "any".to_owned(),
        })?;
        let provider: Router = Router::new().route("/v1/chat/completions", post(refuse));
        tokio::spawn(async move { axum::serve(listener, provider).await });
        Ok(Self { model: Arc::new(model) })
    }
}

/// What OpenAI answers.
async fn refuse() -> Response {
    let error = json!({
        "message": "Incorrect API key provided: sk-wrong.",
        "type": "invalid_request_error",
        "param": null,
        "code": "invalid_api_key",
    });
    (StatusCode::UNAUTHORIZED, Json(json!({ "error": error }))).into_response()
}

impl AiChatAgent for BadKeyAgent {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        Ok(StreamText::new(Arc::clone(&self.model)).messages(&cx.messages()?).into_reply())
    }
}
