//! An agent that asks a model, with what it remembers as context, and streams the answer over HTTP.
//! Without chat: no history on the wire, no turns.

use std::sync::Arc;

use axum::{
    BoxError, Json, Router,
    body::Body,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use domovoi_agents::prelude::*;
use domovoi_models::{
    LanguageModel, ModelEvent, ModelMessage, ModelRequest,
    openai::{OpenAiConfig, OpenAiModel},
};
use futures::{StreamExt, stream::BoxStream};

#[derive(Deserialize)]
struct Prompt {
    prompt: String,
}

/// The model is made once and shared by all instances.
struct Reasoner {
    model: Arc<dyn LanguageModel>,
}

#[agent]
impl Reasoner {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        sql!(
            cx,
            "CREATE TABLE IF NOT EXISTS history
             (id INTEGER PRIMARY KEY, prompt TEXT NOT NULL, answer TEXT NOT NULL)"
        )?;
        Ok(())
    }

    /// `curl -d '{"prompt": "..."}' -H 'content-type: application/json' .../agents/reasoner/me`
    async fn on_request(&self, cx: &Context<Self>, request: Request) -> Result<Response> {
        let Prompt { prompt } = match Json::from_request(request, &()).await {
            Ok(Json(prompt)) => prompt,
            Err(rejection) => return Ok(rejection.into_response()),
        };
        let history: Vec<(String, String)> =
            sql!(cx, "SELECT prompt, answer FROM history ORDER BY id DESC LIMIT 100")?;
        let mut messages =
            vec![ModelMessage::System { content: "You are a helpful assistant.".to_owned() }];
        for (prompt, answer) in history.into_iter().rev() {
            messages.push(ModelMessage::User { content: prompt.into() });
            messages.push(ModelMessage::Assistant { content: answer, tool_calls: Vec::new() });
        }
        messages.push(ModelMessage::User { content: prompt.as_str().into() });
        let mut events = self.model.stream(ModelRequest::new(messages)).await?;

        let cx = cx.clone();
        let text = async_stream::try_stream! {
            let mut answer = String::new();
            while let Some(event) = events.next().await {
                if let ModelEvent::Text(text) = event? {
                    answer.push_str(&text);
                    yield text;
                }
            }
            remember(&cx, &prompt, &answer)?;
        };
        let text: BoxStream<'static, Result<String, BoxError>> = Box::pin(text);
        Ok(Body::from_stream(text).into_response())
    }
}

fn remember(cx: &Context<Reasoner>, prompt: &str, answer: &str) -> Result<(), AgentError> {
    sql!(cx, "INSERT INTO history (prompt, answer) VALUES ({prompt}, {answer})")?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let model = OpenAiModel::new(OpenAiConfig {
        base_url: std::env::var("OPENAI_BASE_URL")?,
        api_key: std::env::var("OPENAI_API_KEY").ok(),
        model: std::env::var("DOMOVOI_MODEL")?,
    })?;
    let model: Arc<dyn LanguageModel> = Arc::new(model);
    let agents = Agents::builder(AgentsConfig::new(folder))
        .agent_with(move || Reasoner { model: Arc::clone(&model) })
        .build()?;
    let app: Router = agents.routes();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
