//! `/share/new` and `/shares`: links to one's own conversations.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, Query, State},
    response::Response,
};
use domovoi_agents::AgentError;
use domovoi_app::{
    account::{Closed, NewShare, ShareRow, Shares, Snapshot},
    language::Lang,
};
use domovoi_protocol::UiMessage;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{Entrance, account::time, answer, household::origin_of, resident::Resident};
use crate::{
    agents::{Assistant, Conversations, DEFAULT, one_line},
    people::{NewContent, now},
};

/// Most messages that a link can end at, the newest.
const MAX_ENDS: usize = 200;

/// First words of a message, in characters.
const WORDS: usize = 70;

#[derive(Deserialize)]
pub(super) struct Asked {
    conversation: String,
}

#[derive(Deserialize)]
pub(super) struct ShareForm {
    conversation: String,
    /// The last message that is shared; all of them where it is empty.
    #[serde(default)]
    until: String,
    tools: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
}

/// A conversation of a home.
struct Found {
    title: String,
    messages: Vec<UiMessage>,
}

/// `GET /share/new?conversation=ID`.
pub(super) async fn new(
    resident: Resident,
    Query(Asked { conversation }): Query<Asked>,
) -> Response {
    match find(&resident, &conversation).await {
        Ok(found) => {
            let page = page_of(&conversation, &found, resident.client.look.lang);
            answer::page(StatusCode::OK, page.render(&resident.client.look))
        }
        Err(response) => response,
    }
}

/// `POST /shares`.
pub(super) async fn make(
    State(entrance): State<Arc<Entrance>>,
    resident: Resident,
    headers: HeaderMap,
    Form(ShareForm { conversation, until, tools }): Form<ShareForm>,
) -> Response {
    let mut found = match find(&resident, &conversation).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let look = &resident.client.look;
    let page = page_of(&conversation, &found, look.lang);
    let again = |status, page: NewShare| answer::page(status, page.render(look));
    if !until.is_empty() {
        let Some(at) = found.messages.iter().position(|message| message.id == until) else {
            let problem = Some(look.lang.conversation_has_changed().to_owned());
            return again(StatusCode::CONFLICT, NewShare { problem, ..page });
        };
        found.messages.truncate(at + 1);
    }
    let snapshot = Snapshot::of(&found.title, &found.messages, tools.is_some());
    if snapshot.messages.is_empty() {
        let problem = Some(look.lang.nothing_to_share_in_it().to_owned());
        return again(StatusCode::UNPROCESSABLE_ENTITY, NewShare { problem, ..page });
    }
    let new = NewContent {
        conversation,
        title: found.title,
        messages: snapshot.messages.len(),
        content: serde_json::to_string(&snapshot).unwrap_or_default(),
    };
    match entrance.people.share(&resident.by(), &resident.whose(), &new, now()) {
        Ok(token) => {
            let link = format!("{}/s/{}", origin_of(&entrance, &headers), token.as_str());
            again(StatusCode::CREATED, NewShare { link: Some(link), ..page })
        }
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error, look.lang);
            again(status, NewShare { problem: Some(problem), ..page })
        }
    }
}

/// `GET /shares`.
pub(super) async fn list(
    State(entrance): State<Arc<Entrance>>,
    resident: Resident,
    Query(Done { done }): Query<Done>,
) -> Response {
    let look = &resident.client.look;
    match entrance.people.shares(&resident.whose()) {
        Ok(shares) => {
            let rows = shares.into_iter().map(|share| ShareRow {
                id: share.id,
                title: share.title,
                words: match share.messages {
                    1 => look.lang.one_message_shared(time(share.created_at)),
                    count => look.lang.messages_shared(count, time(share.created_at)),
                },
            });
            let done = (done == "revoked").then(|| look.lang.link_is_taken_back().to_owned());
            answer::page(StatusCode::OK, Shares { shares: rows.collect(), done }.render(look))
        }
        Err(error) => answer::failed(&error, look),
    }
}

/// `POST /shares/{id}/revoke`.
pub(super) async fn revoke(
    State(entrance): State<Arc<Entrance>>,
    resident: Resident,
    Path(id): Path<i64>,
) -> Response {
    match entrance.people.unshare(&resident.by(), &resident.whose(), id) {
        Ok(()) => answer::to("/shares?done=revoked"),
        Err(error) => answer::failed(&error, &resident.client.look),
    }
}

async fn find(resident: &Resident, conversation: &str) -> Result<Found, Response> {
    let look = &resident.client.look;
    let closed = |status, title, text: &str| {
        answer::page(status, Closed { title, text: text.to_owned() }.render(look))
    };
    let found = read(resident, conversation).await.map_err(|error| {
        tracing::warn!(%error, "a conversation cannot be shared");
        let (title, words) = (look.lang.that_did_not_work(), look.lang.conversation_unreadable());
        closed(StatusCode::SERVICE_UNAVAILABLE, title, words)
    })?;
    found.ok_or_else(|| {
        let (title, words) = (look.lang.nothing_to_share(), look.lang.no_such_conversation());
        closed(StatusCode::NOT_FOUND, title, words)
    })
}

/// The conversation, where it is listed: one that is not is never opened.
async fn read(resident: &Resident, id: &str) -> Result<Option<Found>, AgentError> {
    let agents = resident.home.agents();
    let wanted = id.to_owned();
    let list = agents.get::<Conversations>(DEFAULT)?;
    let listed = list.run(move |_, cx| async move {
        let state = cx.state();
        let mut listed = state.conversations.iter().filter(|it| it.deleted_at.is_none());
        listed.find(|it| it.id == wanted).map(|it| it.title.clone())
    });
    let Some(title) = listed.await? else { return Ok(None) };
    let assistant = agents.get::<Assistant>(id)?;
    let messages = assistant.run(|_, cx| async move { cx.messages() }).await??;
    Ok(Some(Found { title, messages }))
}

fn page_of(conversation: &str, Found { title, messages }: &Found, lang: Lang) -> NewShare {
    let words = |message: &UiMessage| {
        let text = message.text();
        let line = one_line(&text);
        match line.chars().count() {
            0 => lang.without_words().to_owned(),
            count if count <= WORDS => line,
            _ => format!("{}…", line.chars().take(WORDS).collect::<String>().trim_end()),
        }
    };
    let ends = messages.iter().rev().take(MAX_ENDS);
    NewShare {
        conversation: conversation.to_owned(),
        title: title.clone(),
        ends: ends.map(|message| (message.id.clone(), words(message))).collect(),
        ..NewShare::default()
    }
}
