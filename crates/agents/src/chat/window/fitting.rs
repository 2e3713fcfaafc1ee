//! Choosing what is sent at one step.

use domovoi_models::{LanguageModel, ModelError, ModelMessage, ModelRequest, Usage};

use super::{
    ContextWindow,
    conversation::{Conversation, Piece},
    facts,
    head::{Head, NOTES},
    meter::Meter,
    older::{Choice, Known, Older},
    summaries::{self, Summary},
    summarize::{Summarizer, Written},
    turn::{SHORTEST_TOOL_RESULT, Turn},
};
use crate::{AgentError, Result, storage::Tables};

/// How often a request is made shorter that the model has refused.
const MAX_REFUSALS: usize = 3;
/// How much more is counted after a refusal than it has shown.
const CAUTION: f32 = 1.05;

/// Fits the steps of one turn into a window.
#[derive(Debug)]
pub(in super::super) struct Fitting {
    window: ContextWindow,
    /// What refusals have taught: there are this many times more tokens than was counted, and a
    /// request may have no more than so many.
    correction: f32,
    allowed: Option<usize>,
    refusals: usize,
    /// The model could not write a summary in this turn.
    gave_up: bool,
    /// What it has written in this turn, in which the messages before it stay the same.
    written: Option<Known>,
}

/// What is sent.
#[derive(Debug)]
pub(in super::super) struct Fitted {
    pub(in super::super) messages: Vec<ModelMessage>,
    /// Tokens of the request, as far as it can be told.
    pub(in super::super) tokens: usize,
    /// What summaries have cost.
    pub(in super::super) usage: Option<Usage>,
}

/// How many tokens there are for what.
#[derive(Clone, Copy)]
struct Limits {
    prompt: usize,
    answer: usize,
    /// Longest result of a tool.
    result: usize,
}

impl Limits {
    fn summary(self) -> usize {
        (self.prompt / 8).clamp(SHORTEST_TOOL_RESULT, 1024)
    }
}

impl Fitting {
    pub(in super::super) fn new(window: ContextWindow) -> Self {
        Self { window, correction: 1.0, allowed: None, refusals: 0, gave_up: false, written: None }
    }

    /// What of a conversation is sent.
    ///
    /// # Errors
    /// [`ModelError::ContextExceeded`] where even the newest message is too much, and
    /// [`AgentError::Database`].
    pub(in super::super) async fn fit(
        &mut self,
        model: &dyn LanguageModel,
        request: &ModelRequest,
        conversation: &Conversation,
    ) -> Result<Fitted> {
        let meter = Meter::new(model, &self.window, self.correction);
        let instructions = &conversation.instructions;
        let mut head = Head { instructions, facts: self.facts()?, ..Head::default() };
        let Some(limits) = self.limits(model, request) else {
            let longest = self.longest_result();
            let mut messages = head.messages();
            messages.extend(shortened(&conversation.pieces, &meter, longest));
            return Ok(Fitted { messages, tokens: 0, usage: None });
        };
        let (older, turn) = conversation.pieces.split_at(conversation.turn());
        let system = older.iter().filter(|piece| piece.is_system());
        let fixed = meter.messages(&head.messages())
            + meter.rest(request)
            + system.map(|piece| meter.messages(&piece.messages)).sum::<usize>()
            + NOTES;
        let room = limits.prompt.saturating_sub(fixed);
        let spare = if older.is_empty() || !self.summarises() { 0 } else { limits.summary() };
        let turn = Turn::fit(turn, &meter, limits.result, room, spare).map_err(|tokens| {
            ModelError::ContextExceeded { tokens: tokens + fixed, limit: limits.prompt }
        })?;
        let older = Older {
            pieces: older,
            gap: conversation.gap,
            meter: &meter,
            result: limits.result,
            room: room - turn.tokens,
        };
        let known = match &self.written {
            Some(written) => Some(written.clone()),
            None => self.known(conversation, older.pieces)?,
        };
        let (choice, usage) = self.choose(model, request, limits, &older, known).await?;
        head.summary = choice.summary.as_deref();
        head.hidden = choice.hidden;
        head.hidden_steps = turn.hidden_steps;
        let mut messages = head.messages();
        let (out, sent) = older.pieces.split_at(choice.from);
        messages.extend(shortened(out.iter().filter(|it| it.is_system()), &meter, limits.result));
        messages.extend(shortened(sent, &meter, limits.result));
        messages.extend(turn.messages);
        let tokens = meter.messages(&messages) + meter.rest(request);
        Ok(Fitted { messages, tokens, usage })
    }

    /// Takes note of a refusal of a request that was counted as so many tokens; whether a shorter
    /// one should be tried.
    pub(in super::super) fn refused(&mut self, error: &ModelError, counted: usize) -> bool {
        let ModelError::ContextExceeded { tokens, limit } = error else { return false };
        self.refusals += 1;
        self.allowed = Some(self.allowed.map_or(*limit, |allowed| allowed.min(*limit)));
        if counted > 0 {
            self.correction *= (*tokens as f32 / counted as f32).max(1.0) * CAUTION;
        }
        self.refusals <= MAX_REFUSALS
    }

    fn summarises(&self) -> bool {
        self.window.summaries && self.window.database.is_some() && !self.gave_up
    }

    fn longest_result(&self) -> usize {
        (self.window.longest_tool_result as usize).max(SHORTEST_TOOL_RESULT)
    }

    /// Nothing where nobody knows what the model can read.
    fn limits(&self, model: &dyn LanguageModel, request: &ModelRequest) -> Option<Limits> {
        let window = match (self.window.tokens(model), self.allowed) {
            (Some(window), _) => window,
            (None, Some(allowed)) => allowed,
            (None, None) => return None,
        };
        let answer = self.window.answer_tokens.or(request.max_tokens);
        let answer = answer.map_or((window / 4).min(4096), |tokens| tokens as usize);
        let answer = answer.min(window / 2);
        let prompt = (window - answer).min(self.allowed.unwrap_or(usize::MAX));
        let result = self.longest_result().min((window / 4).max(SHORTEST_TOOL_RESULT));
        Some(Limits { prompt, answer, result })
    }

    fn facts(&self) -> Result<Vec<String>, AgentError> {
        let pinned = match &self.window.database {
            Some(database) => database.read(Tables::Chat, |db| facts::all(db))?,
            None => None,
        };
        let pinned = pinned.into_iter().flatten().map(|fact| fact.text);
        Ok(pinned.chain(self.window.facts.iter().cloned()).collect())
    }

    /// The summary that holds and has to do with the messages at hand.
    fn known(
        &self,
        conversation: &Conversation,
        older: &[Piece],
    ) -> Result<Option<Known>, AgentError> {
        let spoken = conversation.pieces.iter().find(|piece| !piece.is_system());
        let first = spoken.and_then(|piece| piece.id.as_deref());
        let (Some(database), Some(first)) = (&self.window.database, first) else {
            return Ok(None);
        };
        if !self.window.summaries {
            return Ok(None);
        }
        let found = database.read(Tables::Chat, |db| {
            Ok::<_, AgentError>((summaries::current(db)?, summaries::place(db, first)?))
        })?;
        let Some((Some(summary), Some((begin, more)))) = found else { return Ok(None) };
        let Summary { position, message_id, text } = summary;
        let last = older.iter().rposition(|piece| piece.id.as_ref() == Some(&message_id));
        Ok(match last {
            Some(last) => Some(Known { text, covered: last + 1, beyond: more }),
            None if position < begin => Some(Known { text, covered: 0, beyond: true }),
            None => None,
        })
    }

    async fn choose(
        &mut self,
        model: &dyn LanguageModel,
        request: &ModelRequest,
        limits: Limits,
        older: &Older<'_>,
        known: Option<Known>,
    ) -> Result<(Choice, Option<Usage>), AgentError> {
        if let Some(choice) = older.without_a_new_summary(known.as_ref()) {
            return Ok((choice, None));
        }
        let Limits { prompt, answer, .. } = limits;
        let longest = limits.summary();
        let (covered, beyond) = known.as_ref().map_or((0, false), |it| (it.covered, it.beyond));
        // Half of the room stays free, so that the next turns need no new summary.
        let cut = older.next_question(older.newest_in(older.room.saturating_sub(longest) / 2));
        // Nor does it take in what comes after messages that were not read.
        let end = older.gap.map_or(cut, |gap| gap.at.min(cut));
        if !self.summarises() || older.room < longest || end <= covered {
            return Ok((older.as_much_as_fits(known), None));
        }
        let summarizer = Summarizer { model, meter: older.meter, prompt, answer, longest };
        let previous = known.as_ref().map(|known| known.text.as_str());
        let news = &older.pieces[covered..end];
        let Written { text, pieces, usage } =
            match summarizer.write(&request.metadata, previous, news).await {
                Ok(written) => written,
                Err(error) => {
                    tracing::warn!(reason = error.kind(), "earlier messages are not summarised");
                    self.gave_up = true;
                    return Ok((older.as_much_as_fits(known), None));
                }
            };
        let covered = covered + pieces;
        self.keep(&older.pieces[..covered], &text)?;
        let known = Known { text, covered, beyond };
        self.written = Some(known.clone());
        Ok((older.from(cut, Some(known)), Some(usage)))
    }

    fn keep(&self, covered: &[Piece], text: &str) -> Result<(), AgentError> {
        let last = covered.iter().rev().find_map(|piece| piece.id.clone());
        let (Some(database), Some(message_id)) = (&self.window.database, last) else {
            return Ok(());
        };
        let text = text.to_owned();
        let kept = database.read(Tables::Chat, |db| match summaries::place(db, &message_id)? {
            Some((position, _)) => summaries::keep(db, &Summary { position, message_id, text }),
            None => Ok(()),
        });
        kept.map(|_| ())
    }
}

fn shortened<'a>(
    pieces: impl IntoIterator<Item = &'a Piece>,
    meter: &Meter<'_>,
    longest_result: usize,
) -> Vec<ModelMessage> {
    pieces.into_iter().flat_map(|piece| meter.shortened(piece, longest_result)).collect()
}
