//! The begin of a turn: what it adds to the history is durable before the agent is asked.

use domovoi_protocol::{
    Role, UiMessage,
    chat::{ChatBody, Trigger},
};
use rusqlite::Connection as Database;
use uuid::Uuid;

use super::{
    AiChatAgent,
    approvals::notice,
    delta::Changes,
    history,
    journal::{self, Attachments},
    merge::{Lists, Merged, merge},
    options::Concurrency,
    order::{Order, Work},
};
use crate::{AgentError, Connection, Context};

/// A turn that has begun.
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) requester: Option<Connection>,
    pub(super) trigger: Trigger,
    pub(super) attachments: Attachments,
    /// The id of the message that is written.
    pub(super) message_id: String,
    /// The message that is gone on with; none where a new one is written.
    pub(super) message: Option<UiMessage>,
    /// A client holds that message and has sent it to be gone on with.
    pub(super) requested: bool,
    /// The call whose rejection lets it go on.
    pub(super) rejected: Option<String>,
    /// Position of the message before it.
    pub(super) anchor: Option<i64>,
    /// Ids of the messages of a person that were written.
    pub(super) user_ids: Vec<String>,
    pub(super) changes: Changes,
}

/// Writes what a turn begins with; nothing where there is nothing to answer any more.
pub(super) fn begin<A: AiChatAgent>(
    cx: &Context<A>,
    order: Order,
) -> Result<Option<Begun>, AgentError> {
    let Order { id, requester, work, follower: _ } = order;
    notice::before_messages_change(cx)?;
    let taken = cx.chat().set_running(&id);
    let sanitize = |message: UiMessage| cx.this().sanitize_message(message);
    cx.sql().transaction(|db| {
        let is_ours = requester.as_ref().is_some_and(Connection::is_ours);
        let lists = if is_ours { Lists::WhatIsNew } else { Lists::All };
        let begun = |trigger, attachments, resumed: Option<UiMessage>, mut merged: Merged| {
            let message_id = match &resumed {
                Some(message) => message.id.clone(),
                None => Uuid::now_v7().to_string(),
            };
            journal::begin(db, &id, &message_id, &attachments)?;
            Ok(Some(Begun {
                id: id.clone(),
                requester: requester.clone(),
                trigger,
                attachments,
                message_id,
                message: resumed,
                requested: false,
                rejected: None,
                anchor: history::head(db)?,
                user_ids: std::mem::take(&mut merged.user_ids),
                changes: merged.changes(),
            }))
        };
        match work {
            Work::Request(body) => {
                let concurrency = cx.this().chat_options().concurrency;
                let ChatBody { mut messages, trigger, client_tools, custom } = body;
                let mut merged = take_over(db, concurrency, taken, &mut messages)?;
                messages = messages.into_iter().map(sanitize).collect();
                let resumed = resumed(db, &messages, trigger)?;
                merged.extend(merge(db, &messages, trigger, lists)?);
                let client_tools = client_tools.unwrap_or_default();
                let begun = begun(trigger, Attachments { client_tools, custom }, resumed, merged)?;
                Ok(begun.map(|begun| Begun { requested: true, ..begun }))
            }
            Work::Ask(messages) => {
                let messages: Vec<_> = messages.into_iter().map(sanitize).collect();
                let merged = merge(db, &messages, Trigger::SubmitMessage, Lists::WhatIsNew)?;
                begun(Trigger::SubmitMessage, journal::attachments(db)?, None, merged)
            }
            Work::Continue { message_id, rejected, client_tools } => {
                // Where the conversation has gone on meanwhile, there is no answer to go on with.
                let Some(message) = history::newest(db, &message_id)? else { return Ok(None) };
                let mut attachments = journal::attachments(db)?;
                if let Some(client_tools) = client_tools {
                    attachments.client_tools = client_tools;
                }
                let message = Some(message);
                let begun = begun(Trigger::SubmitMessage, attachments, message, Merged::default())?;
                Ok(begun.map(|begun| Begun { rejected, ..begun }))
            }
        }
    })
}

/// Takes over the messages of turns whose place this one took. `taken` ends with its own.
fn take_over(
    db: &Database,
    concurrency: Concurrency,
    mut taken: Vec<UiMessage>,
    messages: &mut Vec<UiMessage>,
) -> Result<Merged, AgentError> {
    let own: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
    taken.retain(|message| own.last() != Some(&message.id));
    if concurrency != Concurrency::Merge {
        return merge(db, &taken, Trigger::SubmitMessage, Lists::WhatIsNew);
    }
    messages.retain(|message| !taken.iter().any(|taken| taken.id == message.id));
    if let Some(last) = messages.last_mut() {
        let mut parts: Vec<_> = taken.into_iter().flat_map(|message| message.parts).collect();
        parts.append(&mut last.parts);
        last.parts = parts;
    }
    Ok(Merged::default())
}

/// The newest message, where it is an answer and a client sends it as the last one: it wants that
/// answer gone on with.
fn resumed(
    db: &Database,
    sent: &[UiMessage],
    trigger: Trigger,
) -> Result<Option<UiMessage>, AgentError> {
    let last = sent.last().filter(|last| last.role == Role::Assistant);
    let Some(last) = last.filter(|_| trigger == Trigger::SubmitMessage) else { return Ok(None) };
    history::newest(db, &last.id)
}
