//! A conversation of `llm-agent` with a provider that the test plays.

use domovoi_client::chat::ChatStatus;
use domovoi_protocol::{Part, UiMessage, message::ToolPart};

use super::{
    Host, Place,
    chatter::{Chatter, answer},
    provider::{Asked, Provider},
};

const PATH: &str = "/agents/llm-agent/chat";

pub(crate) struct LlmChat {
    pub(crate) place: Place,
    pub(crate) host: Host,
    pub(crate) provider: Provider,
    pub(crate) chatter: Chatter,
}

impl LlmChat {
    pub(crate) async fn start() -> Self {
        let provider = Provider::start().await;
        let place = Place::new();
        let host = place.start_with(&["--model-url", &provider.url, "--model-tools"]);
        let chatter = join(&host);
        Self { place, host, provider, chatter }
    }

    /// Another client of the same conversation.
    pub(crate) fn join(&self) -> Chatter {
        join(&self.host)
    }

    /// Asks, and answers with the request that reaches the provider.
    pub(crate) async fn ask(&mut self) -> Asked {
        self.chatter.say("hello");
        self.provider.asked().await
    }

    /// The history has these texts, here and at the server; nobody asks the provider, and the
    /// next turn works and is shown all of them.
    pub(crate) async fn goes_on(&mut self, texts: &[&str]) {
        assert_eq!(self.texts().await, texts);
        assert!(!self.provider.is_asked());
        self.chatter.say("again");
        let asked = self.provider.asked().await;
        let body = asked.body.to_string();
        for text in texts {
            assert!(body.contains(text), "{text} is not in {body}");
        }
        asked.say("Here I am.").await;
        self.chatter.until("answered", |it| answer(it) == "Here I am.").await;
        self.chatter.rest().await;
        assert_eq!(self.chatter.session().status(), ChatStatus::Ready);
        assert_eq!(self.texts().await, [texts, &["again", "Here I am."]].concat());
        self.place.assert_no_panic();
    }

    /// The texts of the history.
    pub(crate) async fn texts(&self) -> Vec<String> {
        self.history().await.iter().map(UiMessage::text).collect()
    }

    /// The history, which is the same here and at the server.
    pub(crate) async fn history(&self) -> Vec<UiMessage> {
        let (status, body) = self.host.get(&format!("{PATH}/get-messages")).await;
        assert_eq!(status, 200, "{body}");
        let messages: Vec<UiMessage> = serde_json::from_str(&body).unwrap();
        self.chatter.until("as the server has it", |it| it.messages().eq(&messages)).await;
        messages
    }
}

fn join(host: &Host) -> Chatter {
    Chatter::join(&host.address, "llm-agent", "chat")
}

/// A message's first tool call.
pub(crate) fn tool(message: &UiMessage) -> Option<&ToolPart> {
    message.parts.iter().find_map(|part| match part {
        Part::Tool(tool) => Some(tool),
        _ => None,
    })
}
