//! Whole lines of a stream of server-sent events, none of them too long.
//!
//! The parser behind this looks at a line from its beginning whenever more of it comes, so a long
//! one costs the square of its length; and it keeps whatever comes. Here a line waits until it is
//! whole, and one that is too long becomes an error object, which ends the reply.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};

/// Most bytes of one event. A token takes a few hundred; a whole answer in one piece, with
/// arguments of tools, some ten thousand.
pub(super) const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// `bytes`, cut after line ends only; over at an event of more than [`MAX_EVENT_BYTES`].
pub(super) fn whole_lines<S, E>(bytes: S) -> impl Stream<Item = Result<Bytes, E>> + Send
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Send,
{
    stream::unfold(Some((bytes, Waiting::default())), |state| async {
        let (mut bytes, mut waiting) = state?;
        loop {
            match bytes.next().await {
                Some(Ok(more)) => match waiting.push(&more) {
                    Taken::Nothing => {}
                    Taken::Lines(lines) => return Some((Ok(lines), Some((bytes, waiting)))),
                    Taken::TooMuch => return Some((Ok(too_much()), None)),
                },
                Some(Err(error)) => return Some((Err(error), None)),
                None => {
                    let rest = std::mem::take(&mut waiting.line).freeze();
                    return (!rest.is_empty()).then_some((Ok(rest), None));
                }
            }
        }
    })
}

/// What there is of a line, and how long its event is already.
#[derive(Default)]
struct Waiting {
    line: BytesMut,
    event_bytes: usize,
}

enum Taken {
    Nothing,
    Lines(Bytes),
    TooMuch,
}

impl Waiting {
    fn push(&mut self, more: &[u8]) -> Taken {
        let end = more.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
        // Between two line ends without anything between them an event is over.
        let blank = more.windows(2).rposition(|pair| matches!(pair, b"\n\n" | b"\r\r" | b"\n\r"));
        self.event_bytes = match blank {
            Some(blank) => more.len() - blank,
            None => self.event_bytes + more.len(),
        };
        if self.event_bytes > MAX_EVENT_BYTES || self.line.len() + more.len() > MAX_EVENT_BYTES {
            return Taken::TooMuch;
        }
        match end {
            Some(end) => {
                self.line.extend_from_slice(&more[..=end]);
                let lines = self.line.split().freeze();
                self.line.extend_from_slice(&more[end + 1..]);
                Taken::Lines(lines)
            }
            None => {
                self.line.extend_from_slice(more);
                Taken::Nothing
            }
        }
    }
}

/// The error in the endpoint's own language, on a line of its own.
fn too_much() -> Bytes {
    let limit = MAX_EVENT_BYTES / (1024 * 1024);
    let message = format!("it sent more than {limit} MB in one piece, which is no answer");
    let error = serde_json::json!({"error": {"message": message}});
    format!("\n\ndata: {error}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn through(pieces: Vec<Bytes>) -> Vec<Bytes> {
        let bytes = stream::iter(pieces.into_iter().map(Ok::<_, ()>));
        whole_lines(bytes).map(Result::unwrap).collect().await
    }

    #[tokio::test]
    async fn lines_leave_whole_and_the_last_one_as_it_is() {
        let pieces = ["da", "ta: a\r", "\n\r\nda", "ta: b\n\n", ": c"].map(Bytes::from);
        assert_eq!(through(pieces.into()).await, ["data: a\r", "\n\r\n", "data: b\n\n", ": c"]);
    }

    #[tokio::test]
    async fn many_events_may_be_long_together_and_one_may_not() {
        let event = Bytes::from(format!("data: {}\n\n", "a".repeat(MAX_EVENT_BYTES / 2)));
        let out = through(vec![event.clone(); 4]).await;
        assert_eq!(out.iter().map(Bytes::len).sum::<usize>(), 4 * event.len());

        for piece in ["a".repeat(1024 * 1024), "data: a\n".repeat(128 * 1024)] {
            let out = through(vec![Bytes::from(piece); 20]).await;
            let last = String::from_utf8_lossy(out.last().unwrap()).into_owned();
            assert!(last.contains("4 MB in one piece"), "{last}");
            assert!(out.len() <= 5, "nothing is read after it");
        }
    }
}
