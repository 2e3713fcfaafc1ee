//! What people are told of a turn that failed, each in their language.

use domovoi_protocol::{
    ServerFrame,
    chat::{ChatResponse, Outcome},
};
use serde_json::{Value, json};

use super::AiChatAgent;
use crate::{Connection, Context, Languages};

/// What the message of a failed turn keeps of it: it is read later, and by others.
pub(super) fn kept<A: AiChatAgent>(cx: &Context<A>, error: &str) -> Value {
    let mut turn = json!({ "outcome": "error", "error": error });
    let words = cx.agents().service::<Languages>().map(|languages| languages.words(error));
    if let Some(words) = words.filter(|words| !words.is_empty()) {
        turn["words"] = words.into();
    }
    turn
}

/// Tells everybody who looks on.
pub(super) fn tell<A: AiChatAgent>(cx: &Context<A>, id: &str, error: &str) {
    let tell = |language: Option<&str>, text: &str| {
        let frame = ServerFrame::from(ChatResponse::error(id, text)).to_json();
        cx.broadcast_to(frame, |connection| {
            !connection.is_parked() && connection.language() == language
        });
    };
    tell(None, error);
    if let Some(languages) = cx.agents().service::<Languages>() {
        for name in languages.others {
            let said = (languages.say)(error, name);
            tell(Some(name), said.as_deref().unwrap_or(error));
        }
    }
}

/// Tells a client that asks for a turn that is over: of a message that was not begun nothing is kept
/// that could say so.
pub(super) fn repeat(connection: &Connection, id: &str, error: Option<String>) {
    if let Some(error) = error {
        connection.send_frame(&ChatResponse::error(id, connection.in_words(error)).into());
    }
}

/// Answers a request that does not become a turn.
pub(super) fn refuse(connection: &Connection, id: &str, error: &str) {
    repeat(connection, id, Some(error.to_owned()));
    connection.send_frame(&ChatResponse::done(id, Some(Outcome::Error)).into());
}
