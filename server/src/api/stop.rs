//! Texts that end an answer. No model here knows them, so the answer is cut where one comes up, and
//! the model is stopped there.

use domovoi_models::{FinishReason, ModelEvent};
use futures::{StreamExt, stream};

use super::Answer;

/// The answer up to the first of these texts.
pub(super) fn cut(answer: Answer, stops: Vec<String>) -> Answer {
    if stops.is_empty() {
        return answer;
    }
    let filter = Filter { stops, held: String::new() };
    let batches = stream::unfold(Some((answer, filter)), |state| async {
        let (mut answer, mut filter) = state?;
        let event = answer.next().await?;
        let mut events = Vec::new();
        match event {
            Ok(ModelEvent::Text(text)) => {
                let (shown, is_over) = filter.push(&text);
                push_text(&mut events, shown);
                if is_over {
                    let reason = FinishReason::Stop;
                    events.push(Ok(ModelEvent::Finish { reason, usage: None }));
                    return Some((events, None));
                }
            }
            event => {
                // What was held back was no stop after all.
                push_text(&mut events, std::mem::take(&mut filter.held));
                events.push(event);
            }
        }
        Some((events, Some((answer, filter))))
    });
    batches.flat_map(stream::iter).boxed()
}

fn push_text<E>(events: &mut Vec<Result<ModelEvent, E>>, text: String) {
    if !text.is_empty() {
        events.push(Ok(ModelEvent::Text(text)));
    }
}

struct Filter {
    stops: Vec<String>,
    /// The end of the text, which may be the begin of a stop.
    held: String,
}

impl Filter {
    /// What can be shown of the text, and whether the answer ends there.
    fn push(&mut self, text: &str) -> (String, bool) {
        self.held.push_str(text);
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        if let Some(at) = found {
            self.held.truncate(at);
            return (std::mem::take(&mut self.held), true);
        }
        let may_begin = |(at, _): &(usize, char)| {
            self.stops.iter().any(|stop| stop.starts_with(&self.held[*at..]))
        };
        let keep = self.held.char_indices().find(may_begin).map_or(self.held.len(), |(at, _)| at);
        let rest = self.held.split_off(keep);
        (std::mem::replace(&mut self.held, rest), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shown(pieces: &[&str], stops: &[&str]) -> (String, usize) {
        let finish = ModelEvent::Finish { reason: FinishReason::Stop, usage: None };
        let events = pieces.iter().map(|piece| ModelEvent::Text((*piece).to_owned()));
        let events: Vec<_> = events.chain([finish]).map(Ok).collect();
        let answer = stream::iter(events).boxed();
        let stops = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let (mut text, mut finishes) = (String::new(), 0);
        let mut answer = cut(answer, stops);
        while let Some(event) = answer.next().await {
            match event.unwrap() {
                ModelEvent::Text(piece) => text.push_str(&piece),
                _ => finishes += 1,
            }
        }
        (text, finishes)
    }

    #[tokio::test]
    async fn an_answer_ends_before_the_first_stop_however_it_is_cut_into_pieces() {
        let text = |text: &str| (text.to_owned(), 1);
        assert_eq!(shown(&["one E", "N", "D two"], &["END"]).await, text("one "));
        assert_eq!(shown(&["one E", "N two"], &["END"]).await, text("one EN two"));
        assert_eq!(shown(&["one EN"], &["END"]).await, text("one EN"), "held to the end");
        assert_eq!(shown(&["aéb", "éc"], &["éc", "x"]).await, text("aéb"));
        assert_eq!(shown(&["ab", "ab", "c"], &["abc"]).await, text("ab"));
        assert_eq!(shown(&["a\n", "\nb\n\nc"], &["\n\n"]).await, text("a"));
    }
}
