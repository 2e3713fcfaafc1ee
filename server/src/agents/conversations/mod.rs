//! The list of conversations: the state of one instance, so that every tab sees every change.
//!
//! | file | what is in it |
//! |---|---|
//! | `search` | full-text search over what was said |
//! | `export`, `import` | conversations as files |
//! | `folders` | folders, with what holds in them |
//! | `title` | what a conversation is called that nobody has named |
//! | `noted` | what is noted of a conversation before it begins: its model, its folder |

pub(super) mod export;
mod folders;
mod import;
mod noted;
pub(super) mod search;
pub(super) mod title;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::{
    Json,
    body::to_bytes,
    extract::Request,
    response::{IntoResponse, Response},
};
use domovoi_agents::{prelude::*, schedule::Retry};
use domovoi_app::{
    language::Lang,
    types::{
        ASSISTANT_AGENT, Conversation, ConversationsState, SearchHit, UNDO_SECONDS, folders::Folder,
    },
};
use domovoi_protocol::address::is_valid_instance_name;
use http::{Method, StatusCode};

use self::{
    search::Said,
    title::{to_title, untitled},
};
use super::{Approvals, Assistant, DEFAULT, Tasks, assistant::tell_all, server_only, sub_path};
use crate::{people::Shares, refusal::refusal};

/// Most bytes of a file of conversations.
const MAX_IMPORT_BYTES: usize = 100_000_000;

/// A deleted conversation can be brought back for this much longer than the page offers it, in seconds: a
/// click takes a while to arrive.
const SLACK: u64 = 5;

/// When a deleted conversation ends: after the last moment at which it can be brought back.
const PURGE_AFTER: Duration = Duration::from_secs(UNDO_SECONDS + 2 * SLACK);

/// The list of conversations.
#[derive(Default)]
pub(crate) struct Conversations;

#[agent(state = ConversationsState)]
impl Conversations {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        search::prepare(cx)?;
        // From before there was anything to search, or the process ended while they were indexed.
        let all: Vec<_> = cx.state().conversations.iter().map(|it| it.id.clone()).collect();
        for deleted in cx.state().conversations.iter().filter(|it| it.deleted_at.is_some()) {
            // Where it is there already it stays as it is.
            let options = purging().key(format!("purge:{}", deleted.id));
            cx.schedule_with(PURGE_AFTER, Self::PURGE, deleted.id.clone(), options)?;
        }
        let missing = search::not_indexed(cx, all)?;
        if !missing.is_empty() {
            let owner = cx.clone();
            cx.spawn(async move { index_all(&owner, missing).await });
        }
        Ok(())
    }

    fn validate_state(
        &self,
        _cx: &Context<Self>,
        _state: &ConversationsState,
        source: &StateSource,
    ) -> Result<()> {
        server_only(source, "the list is changed by calls")
    }

    /// `POST import`: adds the conversations of a file. `GET export.json`: all of them as one.
    async fn on_request(&self, cx: &Context<Self>, request: Request) -> Result<Response> {
        match (request.method(), sub_path(request.uri())) {
            (&Method::POST, "import") => {}
            (&Method::GET, "export.json") => {
                let listed = export::listed(&cx.state(), |it| it.deleted_at.is_none());
                let name = export::disposition("conversations", "json");
                return Ok(export::json(cx.agents().clone(), listed, name));
            }
            _ => return Ok(StatusCode::NOT_FOUND.into_response()),
        }
        let lang = Lang::of(request.headers());
        let Ok(file) = to_bytes(request.into_body(), MAX_IMPORT_BYTES).await else {
            let message = format!("The file is larger than {} MB.", MAX_IMPORT_BYTES / 1_000_000);
            return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", &message));
        };
        let read = tokio::task::spawn_blocking(move || import::read(&file, lang)).await;
        match read.unwrap_or_else(|_| Err("The file cannot be read.".to_owned())) {
            Ok((found, left_out)) => {
                let result = import::add(cx, found, left_out, lang).await?;
                Ok((StatusCode::CREATED, Json(result)).into_response())
            }
            Err(message) => {
                Ok(refusal(StatusCode::UNPROCESSABLE_ENTITY, "not_an_export", &message))
            }
        }
    }

    /// Gives a conversation another title.
    #[callable]
    fn rename(&self, cx: &Context<Self>, id: String, title: String) -> Result<()> {
        let title = to_title(&title).ok_or("a title cannot be empty")?;
        change(cx, &id, |conversation| conversation.title = title)
    }

    /// Keeps a conversation at the top of the list, or no longer.
    #[callable]
    fn pin(&self, cx: &Context<Self>, id: String, pinned: bool) -> Result<()> {
        change(cx, &id, |conversation| conversation.pinned = pinned)
    }

    /// Puts a conversation away, or back.
    #[callable]
    fn archive(&self, cx: &Context<Self>, id: String, archived: bool) -> Result<()> {
        change(cx, &id, |conversation| conversation.archived = archived)
    }

    /// Chooses the model that answers in a conversation from now on, by its route; the default one where
    /// that is empty. The conversation may be one that has not begun.
    #[callable]
    fn choose_model(&self, cx: &Context<Self>, id: String, route: String) -> Result<()> {
        if !route.is_empty() {
            cx.model(&route)?;
        }
        check_id(&id)?;
        cx.update_state(|state| noted::note(&mut state.models, &state.conversations, id, route))?;
        Ok(())
    }

    /// The route that answers in a conversation, empty for the default one, and what its folder tells the
    /// model.
    pub(super) fn settings_of(&self, cx: &Context<Self>, id: &str) -> (String, String) {
        let state = cx.state();
        let folder = state.folder_of(id).map(|folder| folder.instructions.clone());
        (state.route_of(id).to_owned(), folder.unwrap_or_default())
    }

    /// Makes a folder; its id.
    #[callable]
    fn create_folder(&self, cx: &Context<Self>, name: String) -> Result<String> {
        try_change(cx, |state| folders::create(state, &name))
    }

    /// Changes a folder's name, instructions and model.
    #[callable]
    fn change_folder(&self, cx: &Context<Self>, folder: Folder) -> Result<()> {
        if !folder.model.is_empty() {
            cx.model(&folder.model)?;
        }
        try_change(cx, |state| folders::change(state, folder))
    }

    /// Shows in the list what is in a folder, or no longer.
    #[callable]
    fn fold_folder(&self, cx: &Context<Self>, id: String, closed: bool) -> Result<()> {
        try_change(cx, |state| folders::fold(state, &id, closed))
    }

    /// Deletes a folder; its conversations stay, in none.
    #[callable]
    fn remove_folder(&self, cx: &Context<Self>, id: String) -> Result<()> {
        try_change(cx, |state| folders::remove(state, &id))
    }

    /// Moves a conversation, which need not have begun, into a folder; out of its folder where that is
    /// empty.
    #[callable]
    fn move_to_folder(&self, cx: &Context<Self>, id: String, folder: String) -> Result<()> {
        check_id(&id)?;
        try_change(cx, |state| folders::place(state, id, folder))
    }

    /// Deletes a conversation and everything in it, once it can no longer be brought back.
    #[callable]
    async fn remove(&self, cx: &Context<Self>, id: String) -> Result<()> {
        // A task without a deletion does nothing; a deletion without a task would never end.
        cx.schedule_with(PURGE_AFTER, Self::PURGE, id.clone(), purging())?;
        change(cx, &id, |conversation| conversation.deleted_at = Some(now()))?;
        calls_changed(cx, &id).await;
        Ok(())
    }

    /// Brings a deleted conversation back, where its end has not begun.
    #[callable]
    async fn restore(&self, cx: &Context<Self>, id: String) -> Result<()> {
        if deleted_at(cx, &id).is_some_and(|at| !can_return(at)) {
            return Err("it can no longer be brought back".into());
        }
        change(cx, &id, |conversation| conversation.deleted_at = None)?;
        calls_changed(cx, &id).await;
        Ok(())
    }

    /// Conversations that have all these words in their title, then those that have them in a message.
    #[callable]
    fn search(&self, cx: &Context<Self>, query: String) -> Result<Vec<SearchHit>> {
        let state = cx.state();
        let listed = state.conversations.iter().filter(|it| it.deleted_at.is_none());
        Ok(search::find(cx, &query, listed.collect())?)
    }

    /// The end of a deleted conversation, unless it was brought back.
    #[task]
    pub(crate) async fn purge(&self, cx: &Context<Self>, id: String) -> Result<()> {
        let Some(at) = deleted_at(cx, &id) else { return Ok(()) };
        if can_return(at) {
            // It was deleted again since, or the clock was set back.
            cx.schedule_with(PURGE_AFTER, Self::PURGE, id, purging())?;
            return Ok(());
        }
        if let Some(shares) = cx.agents().service::<Shares>() {
            shares.end_those_to(&id)?;
        }
        cx.agents().destroy(ASSISTANT_AGENT, &id).await?;
        search::forget(cx, &id)?;
        let (asked, reminded) = (id.clone(), id.clone());
        let inbox = cx.agents().get::<Approvals>(DEFAULT)?;
        inbox.run(move |inbox, cx| async move { inbox.report(&cx, &asked, Vec::new()) }).await??;
        let tasks = cx.agents().get::<Tasks>(DEFAULT)?;
        tasks.run(move |tasks, cx| async move { tasks.report(&cx, &reminded, &[]) }).await??;
        cx.update_state(|state| {
            state.conversations.retain(|it| it.id != id || it.deleted_at.is_none());
            state.models.retain(|(of, _)| *of != id);
            state.places.retain(|(of, _)| *of != id);
        })?;
        Ok(())
    }

    /// Takes note of what a listed conversation says now; `whole` where there is nothing older.
    pub(super) fn said(
        &self,
        cx: &Context<Self>,
        conversation: &str,
        said: &[Said],
        whole: bool,
    ) -> Result<()> {
        // What is told after its end would be found for ever.
        if !cx.state().conversations.iter().any(|it| it.id == conversation) {
            return Ok(());
        }
        Ok(search::index(cx, conversation, said, whole)?)
    }

    /// Notes that somebody wrote in a conversation; a new one gets a title from its first message. Whether
    /// it was deleted until now.
    pub(crate) fn used(&self, cx: &Context<Self>, id: &str, first_message: &str) -> Result<bool> {
        let (now, was_deleted) = (now(), deleted_at(cx, id).is_some());
        cx.update_state(|state| {
            let list = &mut state.conversations;
            let mut conversation = match list.iter().position(|other| other.id == id) {
                Some(index) => list.remove(index),
                None => Conversation {
                    id: id.to_owned(),
                    title: to_title(first_message).unwrap_or_else(untitled),
                    created_at: now,
                    ..Conversation::default()
                },
            };
            conversation.updated_at = now;
            // Who writes in it wants to see it.
            conversation.archived = false;
            conversation.deleted_at = None;
            list.insert(0, conversation);
        })?;
        Ok(was_deleted)
    }
}

fn check_id(id: &str) -> Result<()> {
    let is_valid = is_valid_instance_name(id);
    is_valid.then_some(()).ok_or_else(|| "this is no id of a conversation".into())
}

/// Changes the list, where `with` has nothing against it.
fn try_change<T>(
    cx: &Context<Conversations>,
    with: impl FnOnce(&mut ConversationsState) -> std::result::Result<T, String>,
) -> Result<T> {
    Ok(cx.update_state(with)??)
}

fn change(
    cx: &Context<Conversations>,
    id: &str,
    with: impl FnOnce(&mut Conversation),
) -> Result<()> {
    cx.update_state(|state| {
        let found = state.conversations.iter_mut().find(|conversation| conversation.id == id);
        found.map(with)
    })?
    .ok_or_else(|| "there is no such conversation".into())
}

/// What was deleted is to go however long its file cannot be.
fn purging() -> ScheduleOptions {
    ScheduleOptions::default().retry(Retry { max_attempts: u32::MAX, ..Retry::default() })
}

/// Has a conversation tell the inbox which of its calls wait: none while it is deleted. Where that fails
/// it is deleted all the same, and its end takes them away.
async fn calls_changed(cx: &Context<Conversations>, id: &str) {
    let told = async {
        let conversation = cx.agents().get::<Assistant>(id)?;
        conversation.run(|assistant, cx| async move { assistant.tell_approvals(&cx).await }).await?
    };
    if let Err(error) = told.await {
        tracing::warn!(conversation = id, %error, "the inbox cannot be told of a deletion");
    }
}

/// When a conversation was deleted; nothing where it was not.
pub(super) fn deleted_at(cx: &Context<Conversations>, id: &str) -> Option<u64> {
    cx.state().conversations.iter().find(|it| it.id == id)?.deleted_at
}

/// Whether what was deleted then can be brought back. Its end begins only when it cannot.
fn can_return(deleted_at: u64) -> bool {
    now() < deleted_at.saturating_add((UNDO_SECONDS + SLACK) * 1000)
}

/// Has conversations tell what is said in them, one after the other.
async fn index_all(cx: &Context<Conversations>, all: Vec<String>) {
    for id in all {
        if let Err(error) = index_one(cx, &id).await {
            tracing::warn!(conversation = id, %error, "a conversation cannot be searched");
        }
    }
}

async fn index_one(cx: &Context<Conversations>, id: &str) -> Result<()> {
    let conversation = cx.agents().get::<Assistant>(id)?;
    conversation.run(|_, cx| async move { tell_all(&cx).await }).await?
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_can_return_for_longer_than_the_page_offers_it_and_ends_after() {
        let ago = |seconds: u64| now() - seconds * 1000;
        assert!(can_return(ago(UNDO_SECONDS + 1)));
        assert!(!can_return(ago(PURGE_AFTER.as_secs())));
    }
}
