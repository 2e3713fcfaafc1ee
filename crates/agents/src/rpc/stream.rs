//! The two ends of a streamed result: what a method writes to, and what a handle reads from.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::{Stream, StreamExt};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    arguments::present,
    responder::{Piece, Responder},
};
use crate::{AgentError, HandlerError, Result};

/// Sends the pieces of a streamed result; a method that takes one as an argument streams. It may
/// outlive the method. Dropping it without an end ends the stream without a value.
#[derive(Debug)]
pub struct StreamingResponse {
    responder: Arc<Responder>,
}

impl StreamingResponse {
    pub(super) fn new(responder: Arc<Responder>) -> Self {
        responder.begin_stream();
        Self { responder }
    }

    /// Sends one piece; nothing after the end.
    ///
    /// # Errors
    /// Fails where the value cannot be written as JSON.
    pub fn send<T: Serialize>(&self, item: T) -> Result<()> {
        self.responder.item(&item)
    }

    /// Ends the stream with a value. Ending twice is harmless.
    ///
    /// # Errors
    /// Fails where the value cannot be written as JSON.
    pub fn end<T: Serialize + 'static>(&self, value: T) -> Result<()> {
        self.responder.end(present(&value))
    }

    /// Ends the stream with an error. Ending twice is harmless.
    pub fn error(&self, error: &str) {
        self.responder.fail(AgentError::Handler(HandlerError::new(error)));
    }
}

/// A streamed result as code of this process reads it: the pieces, each as a `T`, and then the
/// value the stream ended with. Dropping it does not end the method. Pieces that nobody has read
/// yet are kept in memory without a bound.
pub struct ResultStream<T> {
    pieces: mpsc::UnboundedReceiver<Piece>,
    value: Option<Value>,
    ended: bool,
    items: PhantomData<fn() -> T>,
}

impl<T> ResultStream<T> {
    /// A stream with its other end.
    pub(crate) fn new() -> (StreamingSource, Self) {
        let (sender, pieces) = mpsc::unbounded_channel();
        let source = StreamingSource(Arc::new(Responder::local(sender)));
        (source, Self { pieces, value: None, ended: false, items: PhantomData })
    }
}

impl<T: DeserializeOwned> ResultStream<T> {
    /// The next piece; `None` at the end. An error of the method is the last thing that comes.
    pub async fn next(&mut self) -> Option<Result<T, AgentError>> {
        StreamExt::next(self).await
    }

    /// The value the stream ended with, once it has ended; `None` where it has none.
    ///
    /// # Errors
    /// [`AgentError::Json`] where the value is no `E`.
    pub fn end_value<E: DeserializeOwned>(&self) -> Result<Option<E>, AgentError> {
        Ok(self.value.as_ref().map(E::deserialize).transpose()?)
    }
}

impl<T: DeserializeOwned> Stream for ResultStream<T> {
    type Item = Result<T, AgentError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let end = match ready!(self.pieces.poll_recv(cx)) {
            Some(Piece::Item(item)) => {
                let item = serde_json::from_value(item).map_err(AgentError::Json);
                return Poll::Ready(Some(item));
            }
            Some(Piece::End(end)) => end,
            None => Err(AgentError::Gone),
        };
        self.ended = true;
        Poll::Ready(match end {
            Ok(value) => {
                self.value = value;
                None
            }
            Err(error) => Some(Err(error)),
        })
    }
}

impl<T> fmt::Debug for ResultStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultStream").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// The method's end of a [`ResultStream`]. Dropping it ends the stream.
#[derive(Debug)]
pub(crate) struct StreamingSource(Arc<Responder>);

impl StreamingSource {
    pub(crate) fn response(&self) -> StreamingResponse {
        StreamingResponse::new(Arc::clone(&self.0))
    }

    pub(crate) fn fail(&self, error: HandlerError) {
        self.0.fail(AgentError::Handler(error));
    }
}
