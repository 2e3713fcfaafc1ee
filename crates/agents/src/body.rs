//! Bodies of responses that are not there at once.

use axum::{
    body::{Body, HttpBody},
    response::Response,
};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use crate::{Agent, Context};

/// Has a streamed body made on the instance's own task, piece by piece as the client takes it, so
/// that it never runs beside a handler, keeps the instance awake, and ends when the client goes away.
pub(crate) fn on_the_instance<A: Agent>(cx: &Context<A>, response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        let (sender, mut pieces) = mpsc::channel(1);
        let owner = cx.clone();
        cx.spawn(async move {
            let mut stream = body.into_data_stream();
            loop {
                let next = tokio::select! {
                    next = stream.next() => next,
                    () = sender.closed() => return,
                };
                let Some(piece) = next else { return };
                if owner.durable().await.is_err() || sender.send(piece).await.is_err() {
                    return;
                }
            }
        });
        Body::from_stream(stream::poll_fn(move |task| pieces.poll_recv(task)))
    })
}
