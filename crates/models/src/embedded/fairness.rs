//! Whose turn it is: the conversation that was answered longest ago.

use std::collections::VecDeque;

/// The conversations that were answered last, the latest at the end.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    answered: VecDeque<String>,
    remembered: usize,
}

impl Turns {
    /// Remembers so many conversations; who was answered before them is as good as new.
    pub(super) fn new(remembered: usize) -> Self {
        Self { answered: VecDeque::new(), remembered }
    }

    /// Notes that this conversation is answered now.
    pub(super) fn answered(&mut self, conversation: &str) {
        self.answered.retain(|other| other != conversation);
        self.answered.push_back(conversation.to_owned());
        if self.answered.len() > self.remembered {
            self.answered.pop_front();
        }
    }

    /// The order of requests of these conversations, which came in this order: each conversation
    /// in its turn, the requests of one as they came. Indices into `waiting`.
    pub(super) fn order<'a>(&self, waiting: impl Iterator<Item = &'a str>) -> Vec<usize> {
        let mut waiting: Vec<(usize, &str)> = waiting.enumerate().collect();
        let mut turns = self.clone();
        turns.remembered = turns.remembered.max(waiting.len());
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(next) = (0..waiting.len()).min_by_key(|next| turns.rank(waiting[*next].1)) {
            let (index, conversation) = waiting.remove(next);
            turns.answered(conversation);
            order.push(index);
        }
        order
    }

    /// Less for who was answered longer ago. Of equals the first is taken.
    fn rank(&self, conversation: &str) -> usize {
        self.answered.iter().position(|other| other == conversation).map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(turns: &Turns, waiting: &[&str]) -> Vec<usize> {
        turns.order(waiting.iter().copied())
    }

    #[test]
    fn conversations_take_turns() {
        let mut turns = Turns::new(3);
        assert_eq!(order(&turns, &["a", "a", "a", "b", "c", "b"]), [0, 3, 4, 1, 5, 2]);
        turns.answered("a");
        assert_eq!(order(&turns, &["a", "b"]), [1, 0]);
        turns.answered("b");
        assert_eq!(order(&turns, &["a", "b"]), [0, 1]);
        assert_eq!(order(&turns, &["b", "a", "new"]), [2, 1, 0]);
        assert_eq!(order(&turns, &["a", "a"]), [0, 1]);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut turns = Turns::new(1);
        turns.answered("a");
        turns.answered("b");
        assert_eq!(order(&turns, &["b", "a"]), [1, 0]);
        assert_eq!(turns.answered, ["b"]);
    }
}
