//! Calls of the agent's methods that wait for their answers.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use domovoi_protocol::rpc::RpcResponse;
use futures::{
    Stream, StreamExt as _,
    channel::mpsc::{UnboundedReceiver, UnboundedSender},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{ClientError, link::Link};

type Answer = Result<RpcResponse, ClientError>;

/// The calls of one client that have no final answer yet.
#[derive(Default)]
pub(crate) struct Calls {
    waiting: HashMap<String, Waiting>,
}

struct Waiting {
    /// Whether the request has left: only then does it die with the connection.
    sent: bool,
    answers: UnboundedSender<Answer>,
}

impl Calls {
    pub(crate) fn add(&mut self, id: String, answers: UnboundedSender<Answer>) {
        self.waiting.insert(id, Waiting { sent: false, answers });
    }

    pub(crate) fn mark_sent(&mut self, id: &str) {
        if let Some(call) = self.waiting.get_mut(id) {
            call.sent = true;
        }
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.waiting.remove(id);
    }

    /// Passes an answer on; gives it back where no call waits for it.
    #[allow(clippy::result_large_err, reason = "it is handed back as it came")]
    pub(crate) fn answer(&mut self, answer: RpcResponse) -> Result<(), RpcResponse> {
        let last = !answer.success || answer.done != Some(false);
        let Some(call) = self.waiting.get(&answer.id) else {
            return Err(answer);
        };
        let id = answer.id.clone();
        // A receiver that is gone has removed its call already, or is about to.
        let _ = call.answers.unbounded_send(Ok(answer));
        if last {
            self.waiting.remove(&id);
        }
        Ok(())
    }

    /// Fails the calls that were sent on the connection that is lost.
    pub(crate) fn lose_sent(&mut self) {
        for (_, call) in self.waiting.extract_if(|_, call| call.sent) {
            let _ = call.answers.unbounded_send(Err(ClientError::ConnectionLost));
        }
    }

    /// Fails every call.
    pub(crate) fn close(&mut self, code: u16, reason: &str) {
        for (_, call) in self.waiting.drain() {
            let reason = reason.to_owned();
            let _ = call.answers.unbounded_send(Err(ClientError::Closed { code, reason }));
        }
    }
}

/// One call; dropping it forgets the call, and takes its request back where it has not left.
pub(crate) struct PendingCall {
    pub(crate) id: String,
    pub(crate) link: Arc<Link>,
    pub(crate) answers: UnboundedReceiver<Answer>,
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        self.link.forget_call(&self.id);
    }
}

impl PendingCall {
    /// The final result; pieces of a streamed one are passed over.
    pub(crate) async fn result<T: DeserializeOwned>(mut self) -> Result<T, ClientError> {
        while let Some(answer) = self.answers.next().await {
            let answer = accept(answer?)?;
            if answer.done != Some(false) {
                return decode(answer.result.unwrap_or_default());
            }
        }
        Err(ClientError::ConnectionLost)
    }
}

/// The pieces of a streamed result, as they come.
///
/// It ends after the last piece, or after the first error. It has no time-out; dropping it
/// forgets the call.
pub struct CallStream<T> {
    call: Option<PendingCall>,
    last: Option<Value>,
    item: std::marker::PhantomData<fn() -> T>,
}

impl<T> CallStream<T> {
    pub(crate) fn new(call: PendingCall) -> Self {
        Self { call: Some(call), last: None, item: std::marker::PhantomData }
    }

    /// The value with which the stream ended; `None` before its end and where there is none.
    #[must_use]
    pub fn final_value(&self) -> Option<&Value> {
        self.last.as_ref()
    }
}

impl<T> std::fmt::Debug for CallStream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallStream").field("ended", &self.call.is_none()).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> Stream for CallStream<T> {
    type Item = Result<T, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(call) = &mut self.call else {
            return Poll::Ready(None);
        };
        let answer = match call.answers.poll_next_unpin(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => Err(ClientError::ConnectionLost),
            Poll::Ready(Some(answer)) => answer.and_then(accept),
        };
        let item = match answer {
            Ok(answer) if answer.done == Some(false) => decode(answer.result.unwrap_or_default()),
            Ok(answer) => {
                self.last = answer.result;
                self.call = None;
                return Poll::Ready(None);
            }
            Err(error) => Err(error),
        };
        if item.is_err() {
            self.call = None;
        }
        Poll::Ready(Some(item))
    }
}

fn accept(answer: RpcResponse) -> Result<RpcResponse, ClientError> {
    if answer.success {
        Ok(answer)
    } else {
        Err(ClientError::Remote(answer.error.unwrap_or_else(|| "the call failed".to_owned())))
    }
}

fn decode<T: DeserializeOwned>(value: Value) -> Result<T, ClientError> {
    serde_json::from_value(value).map_err(ClientError::Decode)
}

/// Arguments as the wire wants them: a tuple or list is spread, `()` is none, anything else is one.
pub(crate) fn arguments(args: impl Serialize) -> Result<Vec<Value>, ClientError> {
    Ok(match serde_json::to_value(args).map_err(ClientError::Encode)? {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        one => vec![one],
    })
}
