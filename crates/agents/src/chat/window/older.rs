//! The messages before this turn: which of them are sent.

use super::{Gap, conversation::Piece, meter::Meter};

/// A summary, and what of the messages at hand it covers.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) text: String,
    /// How many of them.
    pub(super) covered: usize,
    /// It also covers messages that are not at hand.
    pub(super) beyond: bool,
}

/// Which messages before this turn are sent.
pub(super) struct Choice {
    /// The first that is.
    pub(super) from: usize,
    pub(super) summary: Option<String>,
    /// Messages that are neither sent nor in the summary.
    pub(super) hidden: usize,
}

/// The messages before this turn, and the tokens they may take.
pub(super) struct Older<'a> {
    pub(super) pieces: &'a [Piece],
    /// Messages among them that were not read.
    pub(super) gap: Option<Gap>,
    pub(super) meter: &'a Meter<'a>,
    /// Longest result of a tool.
    pub(super) result: usize,
    pub(super) room: usize,
}

impl Older<'_> {
    /// Everything, or the summary there is and everything after it, where that fits.
    pub(super) fn without_a_new_summary(&self, known: Option<&Known>) -> Option<Choice> {
        if known.is_none_or(|known| !known.beyond) && self.newest_in(self.room) == 0 {
            return Some(self.from(0, None));
        }
        let known = known?;
        let room = self.room.checked_sub(self.meter.text(&known.text))?;
        let from = self.newest_in(room);
        if from > known.covered {
            return None;
        }
        let from = if from == 0 { 0 } else { self.next_question(known.covered) };
        Some(self.from(from, Some(known.clone())))
    }

    /// The newest messages, and the summary where there is room for both.
    pub(super) fn as_much_as_fits(&self, known: Option<Known>) -> Choice {
        let known = known.filter(|known| self.meter.text(&known.text) <= self.room / 2);
        let summary = known.as_ref().map_or(0, |known| self.meter.text(&known.text));
        let from = self.next_question(self.newest_in(self.room - summary));
        self.from(from, known)
    }

    pub(super) fn from(&self, from: usize, known: Option<Known>) -> Choice {
        let covered = known.as_ref().map_or(0, |known| known.covered);
        let unread = self.gap.filter(|gap| covered <= gap.at && gap.at <= from);
        let hidden = self.pieces.get(covered..from).unwrap_or_default().iter();
        Choice {
            from,
            summary: known.map(|known| known.text),
            hidden: hidden.filter(|it| !it.is_system() && !it.messages.is_empty()).count()
                + unread.map_or(0, |gap| gap.count),
        }
    }

    /// The first of the newest messages that fit.
    pub(super) fn newest_in(&self, room: usize) -> usize {
        let mut tokens = 0;
        let fits = |piece: &&Piece| {
            if !piece.is_system() {
                tokens += self.meter.messages(&self.meter.shortened(piece, self.result));
            }
            tokens <= room
        };
        self.pieces.len() - self.pieces.iter().rev().take_while(fits).count()
    }

    /// The first question of a person from there on: an answer without it means little, and some
    /// chat templates refuse it.
    pub(super) fn next_question(&self, from: usize) -> usize {
        let question = self.pieces[from..].iter().position(Piece::is_question);
        question.map_or(self.pieces.len(), |question| from + question)
    }
}
