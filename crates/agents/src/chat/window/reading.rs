//! Reading of a history what an answer can need of it, and no more.
//!
//! That is the newest messages, as many as the model could read, and those that a summary is to be made
//! of, as many as are summarised in one turn. In a long conversation the messages between them are
//! not touched: they are in no summary yet, and are one in the turns that follow.

use std::ops::ControlFlow::{Break, Continue};

use domovoi_models::LanguageModel;
use domovoi_protocol::{Role, UiMessage};
use rusqlite::Connection;

use super::{
    super::{AiChatAgent, history, model_history::to_model},
    ContextWindow,
    conversation::Piece,
    meter::Meter,
    summaries,
    summarize::{MAX_PASSES, TOOL_RESULT},
};
use crate::{AgentError, Context, storage::Tables};

/// Tokens that are read where nobody knows what the model can read: more than any does.
const MOST: usize = 1_000_000;

/// What of a history an answer can need, from [`Context::history_for`].
#[derive(Debug, Clone, Default)]
pub struct History {
    messages: Vec<UiMessage>,
    gap: Option<Gap>,
}

/// Messages that were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Gap {
    /// How many messages that were read are before them.
    pub(in super::super) at: usize,
    /// How many they are.
    pub(in super::super) count: usize,
}

impl History {
    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[UiMessage] {
        &self.messages
    }

    /// The messages, to write contents of files in the place of their addresses, say.
    pub fn messages_mut(&mut self) -> &mut [UiMessage] {
        &mut self.messages
    }

    pub(in super::super) fn gap(&self) -> Option<Gap> {
        self.gap
    }
}

impl<A: AiChatAgent> Context<A> {
    /// What of the history an answer of `model` through `window` can need, for
    /// [`StreamText::history`](super::super::StreamText::history): in a long conversation it is a
    /// small part, and only that is read. What is left out is in a summary, or the model is told how
    /// much it is.
    ///
    /// # Errors
    /// As [`Context::messages`].
    pub fn history_for(
        &self,
        model: &dyn LanguageModel,
        window: &ContextWindow,
    ) -> Result<History, AgentError> {
        let found = self.database().read(Tables::Chat, |db| read(db, model, window))?;
        let history = found.unwrap_or_default();
        self.agents().turn_counts().add_read(history.messages.len());
        Ok(history)
    }
}

fn read(
    db: &Connection,
    model: &dyn LanguageModel,
    window: &ContextWindow,
) -> Result<History, AgentError> {
    let meter = Meter::new(model, window, 1.0);
    let cost = |message: &UiMessage, result: usize| {
        let messages = to_model(message, model.accepts_images());
        meter.messages(&meter.shortened(&Piece { id: None, messages }, result))
    };
    let most = window.tokens(model).unwrap_or(MOST);
    let (mut tokens, mut asked, mut begin) = (0, false, i64::MAX);
    let mut newest = Vec::new();
    history::visit(db, history::Order::NewestFirst, i64::MAX, |position, message: UiMessage| {
        // No result of a tool is sent at more than this, and some at less.
        tokens += cost(&message, TOOL_RESULT);
        asked |= message.role == Role::User;
        begin = position;
        newest.push(message);
        if asked && tokens > most { Break(()) } else { Continue(()) }
    })?;
    newest.reverse();
    let mut messages = history::instructions(db, begin)?;
    let mut covered = i64::MAX;
    if window.summaries && window.database.is_some() {
        covered = summaries::current(db)?.map_or(0, |summary| summary.position);
        tokens = 0;
        history::visit(db, history::Order::OldestFirst, covered, |position, message| {
            if position >= begin || tokens > most * MAX_PASSES {
                return Break(());
            }
            covered = position;
            tokens += cost(&message, TOOL_RESULT);
            if message.role != Role::System {
                messages.push(message);
            }
            Continue(())
        })?;
    }
    let from = if covered == i64::MAX { 0 } else { covered };
    let count = if from < begin { history::count(db, from, begin)? } else { 0 };
    let gap = (count > 0).then_some(Gap { at: messages.len(), count });
    messages.append(&mut newest);
    Ok(History { messages, gap })
}
