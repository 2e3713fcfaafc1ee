//! Errors in the language of the client that is told.

use std::sync::Arc;

use domovoi_agents::{
    Languages,
    prelude::*,
    testing::{TestAgents, TestClient},
};
use domovoi_models::{
    LanguageModel, ModelError,
    testing::{Script, ScriptedModel},
};
use domovoi_protocol::{
    ClientFrame, Role, ServerFrame, UiMessage,
    chat::{ChatBody, ChatRequest, Trigger},
    resume::ResumeRequest,
};
use http::{HeaderMap, Request, header};
use serde_json::json;

/// Whispers, for whoever accepts that.
const LANGUAGES: Languages = Languages {
    others: &["quiet"],
    of: |headers: &HeaderMap| match headers.get(header::ACCEPT_LANGUAGE) {
        Some(_) => "quiet",
        None => "en",
    },
    say: |text, language| (language == "quiet").then(|| text.to_lowercase()),
};

#[derive(Clone)]
struct Clerk(Arc<dyn LanguageModel>);

#[agent]
impl Clerk {
    /// Refuses.
    #[callable]
    fn sign(&self) -> Result<()> {
        Err("SIGN HERE.".into())
    }
}

impl AiChatAgent for Clerk {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        Ok(StreamText::new(Arc::clone(&self.0)).messages(&cx.messages()?).into_reply())
    }
}

async fn open(test: &TestAgents, query: &str, accepts: bool) -> TestClient {
    let mut request = Request::builder();
    if accepts {
        request = request.header(header::ACCEPT_LANGUAGE, "quiet");
    }
    test.connect_with(&format!("clerk/x{query}"), request.body(()).unwrap()).await.unwrap()
}

/// The error that ends a turn.
async fn told(client: &mut TestClient) -> String {
    loop {
        if let ServerFrame::ChatResponse(response) = client.frame().await.unwrap()
            && response.error == Some(true)
        {
            return response.body;
        }
    }
}

/// Why the last question has no answer.
async fn why_unanswered(client: &mut TestClient) -> String {
    loop {
        if let ServerFrame::ResumeNone(none) = client.frame().await.unwrap() {
            return none.error.unwrap();
        }
    }
}

#[tokio::test]
async fn each_client_is_told_in_its_language_and_what_is_kept_is_in_all() {
    let failure = || ModelError::Unavailable("NO TEA.".to_owned());
    let scripts = [Script::new().text("Half").fail(failure()), Script::new().fail(failure())];
    let model: Arc<dyn LanguageModel> = Arc::new(ScriptedModel::new(scripts));
    let clerk = Clerk(model);
    let test = TestAgents::new(move |agents| {
        let clerk = clerk.clone();
        agents.service(LANGUAGES).chat_agent_with(move || clerk.clone())
    });
    let test = test.unwrap();
    let mut quiet = open(&test, "?domovoi=1", true).await;
    let mut loud = open(&test, "?domovoi=1", false).await;
    let mut foreign = open(&test, "", true).await;
    let mut refused = Vec::new();
    for client in [&mut quiet, &mut loud, &mut foreign] {
        refused.push(client.call::<()>("sign", ()).await.unwrap_err().to_string());
    }
    assert_eq!(refused, ["sign here.", "SIGN HERE.", "SIGN HERE."]);

    let ask = |id: &str| {
        let body = ChatBody {
            messages: vec![UiMessage::new(id, Role::User, "Tea?")],
            trigger: Trigger::SubmitMessage,
            client_tools: None,
            custom: Default::default(),
        };
        ClientFrame::ChatRequest(ChatRequest::new(format!("turn of {id}"), &body))
    };
    loud.send_frame(&ask("q"));
    let heard = [told(&mut quiet).await, told(&mut loud).await, told(&mut foreign).await];
    assert_eq!(heard, ["no tea.", "NO TEA.", "NO TEA."]);
    let clerk = test.get::<Clerk>("x").unwrap();
    let kept = clerk.run(|_, cx| async move { cx.messages() }).await.unwrap().unwrap();
    let turn = json!({"outcome": "error", "error": "NO TEA.", "words": {"quiet": "no tea."}});
    assert_eq!(kept[1].metadata.as_ref().unwrap()["turn"], turn);

    // Of an answer that was not begun the turn alone says why.
    quiet.send_frame(&ask("p"));
    assert_eq!(told(&mut quiet).await, "no tea.");
    let mut later = open(&test, "?domovoi=1", true).await;
    later.send_frame(&ClientFrame::ResumeRequest(ResumeRequest::default()));
    assert_eq!(why_unanswered(&mut later).await, "no tea.");
}
