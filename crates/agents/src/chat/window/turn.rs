//! The messages of this turn: the person's newest, and the steps of the answer to it.

use domovoi_models::ModelMessage;

use super::{conversation::Piece, meter::Meter};

/// Results of tools are not made shorter than this.
pub(super) const SHORTEST_TOOL_RESULT: usize = 50;

/// The messages of this turn.
pub(super) struct Turn {
    pub(super) messages: Vec<ModelMessage>,
    pub(super) tokens: usize,
    pub(super) hidden_steps: usize,
}

impl Turn {
    /// The person's message and the newest steps of the answer to it; the first and the last are
    /// always there, with shorter results of tools where they must be. The others leave `spare`
    /// free.
    ///
    /// # Errors
    /// What is missing no more than this: the tokens of the first and the last.
    pub(super) fn fit(
        pieces: &[Piece],
        meter: &Meter<'_>,
        longest_result: usize,
        room: usize,
        spare: usize,
    ) -> Result<Self, usize> {
        let Some((question, steps)) = pieces.split_first() else {
            return Ok(Self { messages: Vec::new(), tokens: 0, hidden_steps: 0 });
        };
        let mut messages = meter.shortened(question, longest_result);
        let Some((last, before)) = steps.split_last() else {
            let tokens = meter.messages(&messages);
            return if tokens <= room {
                Ok(Self { messages, tokens, hidden_steps: 0 })
            } else {
                Err(tokens)
            };
        };
        let mut result = longest_result;
        let (last, mut tokens) = loop {
            let last = meter.shortened(last, result);
            let tokens = meter.messages(&messages) + meter.messages(&last);
            if tokens <= room {
                break (last, tokens);
            }
            if result <= SHORTEST_TOOL_RESULT {
                return Err(tokens);
            }
            result = (result / 2).max(SHORTEST_TOOL_RESULT);
        };
        let mut sent = Vec::new();
        for step in before.iter().rev() {
            let step = meter.shortened(step, longest_result);
            let cost = meter.messages(&step);
            if tokens + cost > room.saturating_sub(spare) {
                break;
            }
            tokens += cost;
            sent.push(step);
        }
        let hidden_steps = before.len() - sent.len();
        messages.extend(sent.into_iter().rev().flatten());
        messages.extend(last);
        Ok(Self { messages, tokens, hidden_steps })
    }
}
