//! The calls of one step: which run here, which wait for a client or a person.

use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use domovoi_models::ToolCall;
use domovoi_protocol::Chunk;
use futures::{FutureExt, Stream, StreamExt, stream::FuturesUnordered};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Tool, ToolContext,
    model_history::as_text,
    tool_context::{Progress, Scope},
};

/// The tools of an answer.
#[derive(Clone, Default)]
pub(super) struct Tools {
    /// Those that run here, by name: a definition has a schema, which is not made for each look.
    pub(super) server: HashMap<String, Arc<dyn Tool>>,
    /// Names of those that run in the client.
    pub(super) client: HashSet<String>,
}

/// A call that can run.
pub(super) struct Ready {
    call: String,
    name: String,
    tool: Arc<dyn Tool>,
    input: Value,
}

/// What becomes of a call.
pub(super) enum Fate {
    /// It runs now.
    Runs(Ready),
    /// It waits for a client or a person.
    Waits,
    /// It has failed before it ran; the chunk says why.
    Failed(Chunk),
}

impl Tools {
    fn find(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.server.get(name)
    }

    /// Decides over a call, and answers the chunks that show it.
    pub(super) fn announce(&self, call: &ToolCall) -> (Vec<Chunk>, Fate) {
        let (tool_call_id, tool_name) = (call.id.clone(), call.name.clone());
        let input = match parse(&call.arguments) {
            Ok(input) => input,
            Err(error) => {
                let error = Chunk::ToolInputError {
                    tool_call_id,
                    tool_name,
                    input: Value::String(call.arguments.clone()),
                    error_text: error,
                    dynamic: None,
                };
                return (vec![error.clone()], Fate::Failed(error));
            }
        };
        let mut chunks = vec![Chunk::ToolInputAvailable {
            tool_call_id: tool_call_id.clone(),
            tool_name,
            input: input.clone(),
            dynamic: None,
            title: None,
        }];
        let fate = match self.find(&call.name) {
            // A tool of ours is not a client's to replace.
            None if self.client.contains(&call.name) => Fate::Waits,
            None => failed(&call.id, unknown(&call.name)),
            Some(tool) => match consult(tool, &input) {
                Err(error) => failed(&call.id, error),
                Ok(true) => {
                    let approval_id = Uuid::now_v7().to_string();
                    chunks.push(Chunk::ToolApprovalRequest { approval_id, tool_call_id });
                    Fate::Waits
                }
                Ok(false) => ready(call, tool, input),
            },
        };
        if let Fate::Failed(chunk) = &fate {
            chunks.push(chunk.clone());
        }
        (chunks, fate)
    }

    /// The fate of a call that a person has approved.
    pub(super) fn approved(&self, call: &ToolCall) -> Fate {
        let Some(tool) = self.find(&call.name) else {
            return failed(&call.id, unknown(&call.name));
        };
        let input = parse(&call.arguments).and_then(|input| {
            // A person may have edited the arguments.
            consult(tool, &input).map(|_| input)
        });
        match input {
            Ok(input) => ready(call, tool, input),
            Err(error) => failed(&call.id, error),
        }
    }
}

/// Whether a person must approve a call with these arguments; what is wrong with them where something
/// is.
fn consult(tool: &Arc<dyn Tool>, input: &Value) -> Result<bool, String> {
    let asked = || tool.check(input).map(|()| tool.needs_approval(input));
    match catch_unwind(AssertUnwindSafe(asked)) {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(UNEXPECTED.to_owned()),
    }
}

/// What a model is told of a panic.
const UNEXPECTED: &str = "The tool failed unexpectedly.";

fn unknown(name: &str) -> String {
    format!("There is no tool named `{name}`.")
}

fn ready(call: &ToolCall, tool: &Arc<dyn Tool>, input: Value) -> Fate {
    Fate::Runs(Ready {
        call: call.id.clone(),
        name: call.name.clone(),
        tool: Arc::clone(tool),
        input,
    })
}

/// Runs tools side by side: what they show on the way, and at the end of each its answer.
pub(super) fn run(
    calls: Vec<Ready>,
    scope: &Arc<Scope>,
) -> impl Stream<Item = Chunk> + Send + 'static + use<> {
    let (progress, mut shown) = mpsc::unbounded_channel();
    let mut running: FuturesUnordered<_> =
        calls.into_iter().map(|ready| traced(ready, Arc::clone(scope), progress.clone())).collect();
    drop(progress);
    async_stream::stream! {
        loop {
            tokio::select! {
                biased;
                Some(Progress { tool_call_id, output }) = shown.recv() => {
                    yield Chunk::ToolOutputAvailable { tool_call_id, output, preliminary: Some(true) };
                }
                answer = running.next() => match answer {
                    Some(answer) => yield answer,
                    // A tool may have left a `ToolContext` behind; nobody listens to it any more.
                    None => break,
                },
            }
        }
    }
}

/// Runs one tool, with a span for whoever collects traces; there are no arguments and no answer in it.
fn traced(
    ready: Ready,
    scope: Arc<Scope>,
    progress: mpsc::UnboundedSender<Progress>,
) -> impl Future<Output = Chunk> + Send + use<> {
    let span = tracing::info_span!(
        target: "domovoi_trace",
        "tool",
        tool = ready.name,
        otel.status_code = tracing::field::Empty,
    );
    let told = span.clone();
    async move {
        let answer = one(ready, scope, progress).await;
        if matches!(answer, Chunk::ToolOutputError { .. }) {
            told.record("otel.status_code", "ERROR");
        }
        answer
    }
    .instrument(span)
}

/// Runs one tool; its failure is an answer too.
async fn one(ready: Ready, scope: Arc<Scope>, progress: mpsc::UnboundedSender<Progress>) -> Chunk {
    let Ready { call: tool_call_id, tool, input, .. } = ready;
    let limit = tool.timeout();
    let abort = CancellationToken::new();
    // A turn that is stopped drops this future, and the guard with it.
    let guard = abort.clone().drop_guard();
    let cx = ToolContext::new(&tool_call_id, abort, scope, progress);
    // The call of `call` itself may panic as well.
    let call = AssertUnwindSafe(async move { tool.call(cx, input).await }).catch_unwind();
    let error_text = match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) => {
            // What it has left running beside itself may go on.
            guard.disarm();
            match answer {
                Ok(output) => {
                    return Chunk::ToolOutputAvailable { tool_call_id, output, preliminary: None };
                }
                Err(error) => error.for_client(),
            }
        }
        Ok(Err(_)) => {
            tracing::error!("a tool panicked");
            UNEXPECTED.to_owned()
        }
        Err(_) => format!("The tool did not answer within {} seconds.", limit.as_secs_f64()),
    };
    Chunk::ToolOutputError { tool_call_id, error_text }
}

/// Id and words of an answer, where the chunk is one.
pub(super) fn answer_of(chunk: &Chunk) -> Option<(String, String)> {
    match chunk {
        Chunk::ToolOutputAvailable { tool_call_id, output, preliminary }
            if *preliminary != Some(true) =>
        {
            Some((tool_call_id.clone(), as_text(output)))
        }
        Chunk::ToolOutputError { tool_call_id, error_text }
        | Chunk::ToolInputError { tool_call_id, error_text, .. } => {
            Some((tool_call_id.clone(), format!("Error: {error_text}")))
        }
        _ => None,
    }
}

fn failed(tool_call_id: &str, error_text: String) -> Fate {
    let tool_call_id = tool_call_id.to_owned();
    Fate::Failed(Chunk::ToolOutputError { tool_call_id, error_text })
}

fn parse(arguments: &str) -> Result<Value, String> {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    serde_json::from_str(arguments)
        .map_err(|error| format!("The arguments are not valid JSON: {error}"))
}
