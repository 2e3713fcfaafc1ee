//! What is written down of a request while it runs, however it ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{Stream, StreamExt};
use tokio::time::Instant;
use tracing::{Span, field::Empty};

use super::attempt::Begun;
use super::cache::CacheWriter;
use super::{
    Admission, Gateway, Outcome, Price, RequestEnd, RequestStart, StoreError, Target, limits,
};
use crate::{
    ModelError, ModelEvent, ModelMessage, ModelRequest, ModelStream, Receipt, Usage, UserPart,
};

/// Characters of a token where nobody counts them.
const CHARS_PER_TOKEN: u64 = 4;
/// Tokens of an image where nobody counts them.
const TOKENS_PER_IMAGE: u64 = 1000;

/// A request in the log. Dropped without an end it was stopped by whoever asked.
pub(super) struct Record {
    gateway: Gateway,
    id: i64,
    route: String,
    began: Instant,
    price: Price,
    /// Who asked is told there, under the name that people know the model by.
    receipt: Option<Receipt>,
    model: String,
    end: RequestEnd,
    /// For what a provider does not count, or did not come to tell.
    estimate: Usage,
    output_chars: u64,
    ended: bool,
    /// For whoever collects traces; there is no text in it.
    span: Span,
}

impl Record {
    /// Writes that a request begins, where the limits allow it.
    ///
    /// # Errors
    /// [`ModelError::LimitReached`], or [`ModelError::Unavailable`] where it cannot be written.
    pub(super) fn begin(
        gateway: &Gateway,
        route: &str,
        request: &ModelRequest,
    ) -> Result<Self, ModelError> {
        let now = gateway.now();
        let allowances =
            gateway.inner.limits.allowances(&gateway.own_limits(), &request.metadata, now);
        Self::begin_within(gateway, route, request, &allowances)
    }

    /// The same for what costs nothing.
    pub(super) fn begin_unlimited(
        gateway: &Gateway,
        route: &str,
        request: &ModelRequest,
    ) -> Result<Self, ModelError> {
        Self::begin_within(gateway, route, request, &[])
    }

    fn begin_within(
        gateway: &Gateway,
        route: &str,
        request: &ModelRequest,
        allowances: &[limits::Allowance],
    ) -> Result<Self, ModelError> {
        let started_at = gateway.now();
        let metadata = &request.metadata;
        let start = RequestStart {
            started_at,
            route: route.to_owned(),
            user: metadata.user.clone(),
            agent: metadata.agent.clone(),
            message_id: metadata.message_id.clone(),
        };
        let id = match gateway.inner.store.begin(&start, allowances).map_err(unwritable)? {
            Admission::Admitted(id) => id,
            Admission::Refused { allowance, kind } => {
                gateway.inner.totals.add(route, Outcome::Refused, Usage::default());
                let text = limits::refusal(allowances.get(allowance), kind, started_at);
                return Err(ModelError::LimitReached(text));
            }
        };
        Ok(Self {
            gateway: gateway.clone(),
            id,
            route: route.to_owned(),
            began: Instant::now(),
            price: Price::default(),
            receipt: metadata.receipt.clone(),
            model: String::new(),
            end: RequestEnd::default(),
            estimate: Usage { input_tokens: input_tokens(request), output_tokens: 0 },
            output_chars: 0,
            ended: false,
            span: span_of(route, metadata.agent.as_deref()),
        })
    }

    /// Notes that a model is asked.
    pub(super) fn attempt(&mut self, target: &Target) {
        self.end.attempts += 1;
        self.end.model = Some(target.name.clone());
        self.price = target.price;
        self.model.clone_from(&target.model.status().borrow().name);
    }

    /// Ends it as an answer that was there already.
    pub(super) fn cached(mut self, target: &Target) {
        self.end.model = Some(target.name.clone());
        self.model.clone_from(&target.model.status().borrow().name);
        self.end.first_token_ms = Some(self.elapsed_ms());
        self.finish(Outcome::Cached, Some(Usage::default()));
    }

    /// Ends it as a failure before the first token: nothing was used.
    pub(super) fn failed(mut self, error: &ModelError) {
        self.end.error = Some(error.kind().to_owned());
        self.finish(Outcome::Failed, Some(Usage::default()));
    }

    /// The answer, with an eye on it.
    pub(super) fn follow(mut self, begun: Begun, cache: Option<CacheWriter>) -> ModelStream {
        self.end.first_token_ms = Some(self.elapsed_ms());
        let Begun { first, rest } = begun;
        Followed { first: Some(first), rest, record: self, cache }.boxed()
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn saw(&mut self, event: &Result<ModelEvent, ModelError>) {
        match event {
            Ok(ModelEvent::Text(text) | ModelEvent::Reasoning(text)) => self.count(text),
            Ok(ModelEvent::ToolCall(call)) => self.count(&call.arguments),
            Ok(ModelEvent::Finish { usage, .. }) => self.finish(Outcome::Answered, *usage),
            Ok(_) => {}
            Err(error) => {
                self.end.error = Some(error.kind().to_owned());
                self.finish(Outcome::Failed, None);
            }
        }
    }

    fn tell_span(&self) {
        let RequestEnd { outcome, model, attempts, usage, error, .. } = &self.end;
        self.span.record("outcome", outcome.name());
        self.span.record("model", model.as_deref());
        self.span.record("attempts", attempts);
        self.span.record("input_tokens", usage.input_tokens);
        self.span.record("output_tokens", usage.output_tokens);
        if let Some(error) = error {
            self.span.record("error.type", error.as_str());
            self.span.record("otel.status_code", "ERROR");
        }
    }

    fn count(&mut self, text: &str) {
        self.output_chars += text.chars().count() as u64;
    }

    fn finish(&mut self, outcome: Outcome, usage: Option<Usage>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.end.outcome = outcome;
        self.end.total_ms = Some(self.elapsed_ms());
        self.end.estimated = usage.is_none();
        let usage = usage.unwrap_or(Usage {
            output_tokens: self.output_chars.div_ceil(CHARS_PER_TOKEN),
            ..self.estimate
        });
        self.end.usage = usage;
        self.end.cost = self.price.of(usage);
        self.tell_span();
        if let Some(receipt) = self.receipt.take().filter(|_| !self.model.is_empty()) {
            receipt.add(std::mem::take(&mut self.model), self.end.cost);
        }
        self.gateway.inner.totals.add(&self.route, outcome, usage);
        let store = &self.gateway.inner.store;
        if let Err(error) = store.end(self.id, &self.end) {
            tracing::error!(%error, "the log of requests cannot be written");
        }
        // Now and then, so that nobody has to think of it.
        if self.id % 256 == 0
            && let Err(error) = self.gateway.prune(&self.gateway.inner.keep)
        {
            tracing::error!(%error, "the log of requests cannot be pruned");
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.finish(Outcome::Stopped, None);
    }
}

/// The span of a request to a model, from its begin to its end.
fn span_of(route: &str, agent: Option<&str>) -> Span {
    tracing::info_span!(
        target: "domovoi_trace",
        "model",
        otel.kind = "client",
        otel.status_code = Empty,
        route,
        agent,
        model = Empty,
        outcome = Empty,
        attempts = Empty,
        input_tokens = Empty,
        output_tokens = Empty,
        error.type = Empty,
    )
}

fn unwritable(error: StoreError) -> ModelError {
    tracing::error!(%error, "the log of requests cannot be written");
    ModelError::Unavailable(
        "The model is not asked, since what it costs cannot be written down. Is the disk full?"
            .to_owned(),
    )
}

fn input_tokens(request: &ModelRequest) -> u64 {
    let (mut chars, mut images) = (0, 0);
    for message in &request.messages {
        match message {
            ModelMessage::System { content } | ModelMessage::Tool { content, .. } => {
                chars += content.len();
            }
            ModelMessage::Assistant { content, tool_calls } => {
                let arguments = tool_calls.iter().map(|call| call.arguments.len());
                chars += content.len() + arguments.sum::<usize>();
            }
            ModelMessage::User { content } => {
                for part in content.parts() {
                    match part {
                        UserPart::Text { text } => chars += text.len(),
                        UserPart::Image { .. } => images += 1,
                    }
                }
            }
        }
    }
    (chars as u64).div_ceil(CHARS_PER_TOKEN) + images * TOKENS_PER_IMAGE
}

/// An answer that is written down as it passes.
struct Followed {
    first: Option<ModelEvent>,
    rest: ModelStream,
    record: Record,
    cache: Option<CacheWriter>,
}

impl Stream for Followed {
    type Item = Result<ModelEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let event = match this.first.take() {
            Some(first) => Some(Ok(first)),
            None => std::task::ready!(this.rest.poll_next_unpin(cx)),
        };
        match &event {
            Some(event) => {
                this.record.saw(event);
                if let (Some(cache), Ok(event)) = (&mut this.cache, event) {
                    cache.push(event);
                }
            }
            None => {
                if !this.record.ended {
                    this.record.saw(&Err(ModelError::Interrupted(None)));
                }
            }
        }
        Poll::Ready(event)
    }
}
