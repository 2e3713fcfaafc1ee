//! The one task of an awake instance.
//!
//! Everything that reaches an instance is a [`Command`]; every command becomes a future, and all
//! of them are polled here. A panic ends its own future and nothing else.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, extract::ws::Message, response::Response};
use domovoi_protocol::{ClientFrame, ServerFrame};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use http::Request;
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};

use crate::{
    Agent, AgentError, Agents, Connection, Context, HandlerError, Result, body,
    connection::InFlight, context::Parts, extension::Extension, greeting, host::EndAll, rpc,
    schedule, slot::Slot, socket::End,
};

/// Something for an instance to do.
pub(crate) enum Command<A: Agent> {
    Connect(Connection),
    Message {
        message: Message,
        in_flight: InFlight,
    },
    Closed {
        connection: Connection,
        end: End,
    },
    /// Boxed, since a mailbox has room for many commands of the largest size.
    Request {
        request: Box<Request<Body>>,
        answer: oneshot::Sender<Result<Response>>,
    },
    Call {
        method: String,
        args: Vec<Value>,
        answer: oneshot::Sender<Result<Value, AgentError>>,
    },
    Run(RunFn<A>),
    /// Schedules may be due; `done` is told when none is left.
    Alarm {
        done: oneshot::Sender<()>,
    },
    Destroy {
        answer: oneshot::Sender<Result<(), AgentError>>,
    },
    /// Sleep as soon as nothing is in flight; `asleep` is dropped then.
    #[cfg(feature = "testing")]
    Doze {
        asleep: oneshot::Sender<()>,
    },
    End(EndAll),
}

/// Work of this process for the instance.
pub(crate) type RunFn<A> = Box<dyn FnOnce(Arc<A>, Context<A>) -> BoxFuture<'static, ()> + Send>;

/// What an instance's task is made of.
pub(crate) struct Setup<A: Agent> {
    pub(crate) agents: Agents,
    pub(crate) slot: Arc<Slot<A>>,
    pub(crate) factory: Arc<dyn Fn() -> A + Send + Sync>,
    pub(crate) extension: Option<Arc<dyn Extension<A>>>,
}

/// Why an instance left memory.
pub(crate) enum Exit {
    /// Nothing to do for a while, or it could not start.
    Idle,
    /// It was destroyed; what still waits is for a new one.
    Destroyed,
    /// The runtime shuts down.
    Shutdown,
}

/// Wakes the instance and runs it until it is idle or destroyed.
pub(crate) async fn run<A: Agent>(
    setup: &Setup<A>,
    mailbox: &mut mpsc::UnboundedReceiver<Command<A>>,
) -> Exit {
    let slot = &setup.slot;
    let (tasks, mut spawned) = mpsc::unbounded_channel();
    let mut first = mailbox.recv().await;
    if let Some(Command::Destroy { answer }) = first {
        let _ = answer.send(Box::pin(destroy(setup)).await);
        return Exit::Destroyed;
    }
    let cx = match Box::pin(start(setup, tasks)).await {
        Ok(cx) => cx,
        Err(error) => {
            tracing::error!(instance = %slot.id, %error, "the instance cannot start");
            setup.agents.failed(&slot.id, "on_start", &error);
            refuse(setup, first.take(), &error);
            while let Ok(command) = mailbox.try_recv() {
                refuse(setup, Some(command), &error);
            }
            return if slot.fall_asleep(mailbox) { Exit::Idle } else { Exit::Destroyed };
        }
    };
    let mut running: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    let idle_after = setup.agents.config().idle_after;
    let mut stopping = false;
    // Who waits for the instance to sleep.
    #[allow(unused_mut, reason = "filled by the harness for tests only")]
    let mut dozing: Vec<oneshot::Sender<()>> = Vec::new();
    let mut idle_since = Instant::now();
    let mut idle = pin!(sleep(idle_after));
    loop {
        let command = match first.take() {
            Some(command) => Some(command),
            None => tokio::select! {
                biased;
                Some(()) = running.next(), if !running.is_empty() => {
                    setup.agents.activity().happened(&slot.id);
                    if running.is_empty() {
                        idle_since = Instant::now();
                        if !dozing.is_empty() || is_superfluous(setup) {
                            idle.as_mut().reset(idle_since);
                        }
                    }
                    continue;
                }
                Some(task) = spawned.recv() => {
                    running.push(guarded(cx.clone(), "a task", task));
                    continue;
                }
                command = mailbox.recv() => command,
                () = std::future::ready(()), if stopping && running.is_empty() => {
                    return Exit::Shutdown;
                }
                () = idle.as_mut(), if running.is_empty() => {
                    let hurries = !dozing.is_empty() || is_superfluous(setup);
                    let patience = if hurries { Duration::ZERO } else { idle_after };
                    let rest = patience.saturating_sub(idle_since.elapsed());
                    if !rest.is_zero() {
                        idle.as_mut().reset(Instant::now() + rest);
                    } else if cx.is_unused() && slot.fall_asleep(mailbox) {
                        return Exit::Idle;
                    } else {
                        idle.as_mut().reset(Instant::now() + idle_after);
                    }
                    continue;
                }
            },
        };
        match command {
            Some(Command::Destroy { answer }) => {
                running.clear();
                drop(cx);
                let _ = answer.send(Box::pin(destroy(setup)).await);
                return Exit::Destroyed;
            }
            #[cfg(feature = "testing")]
            Some(Command::Doze { asleep }) => {
                dozing.push(asleep);
                idle.as_mut().reset(Instant::now());
            }
            Some(Command::End(EndAll::Finish)) => stopping = true,
            Some(Command::End(EndAll::Abort)) => return Exit::Shutdown,
            Some(command) => running.push(handle(setup, cx.clone(), command)),
            None => return Exit::Idle,
        }
    }
}

/// Whether an instance with nothing to do takes the room of others.
fn is_superfluous<A: Agent>(setup: &Setup<A>) -> bool {
    setup.agents.lifecycle().is_crowded() && setup.slot.connections.is_empty()
}

/// Close code after [`Command::Destroy`]; terminal, so clients do not connect again by themselves.
const CODE_DESTROYED: u16 = 4004;

/// Ends the connections, removes the sub-agents and everything that is on disk.
async fn destroy<A: Agent>(setup: &Setup<A>) -> Result<(), AgentError> {
    let slot = &setup.slot;
    for connection in slot.connections.all() {
        slot.connections.remove(&connection);
        connection.close_now(CODE_DESTROYED, "the agent was destroyed");
    }
    setup.agents.activity().forget(&slot.id);
    setup.agents.destroy_children(&slot.id).await?;
    setup.agents.storage().database(&slot.id, None).destroy().await
}

async fn start<A: Agent>(
    setup: &Setup<A>,
    tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
) -> Result<Context<A>> {
    let slot = &setup.slot;
    setup.agents.ownership().acquire(&slot.id)?;
    let cx = Context::new(Parts {
        agents: setup.agents.clone(),
        slot: Arc::clone(slot),
        this: Arc::new((setup.factory)()),
        database: setup.agents.storage().database(&slot.id, slot.gate.clone()),
        tasks,
        extension: setup.extension.clone(),
    })?;
    if let Some(extension) = &setup.extension {
        extension.on_start(&cx)?;
    }
    match AssertUnwindSafe(cx.this().on_start(&cx)).catch_unwind().await {
        Ok(result) => result?,
        Err(_) => return Err(AgentError::Panicked.into()),
    }
    Ok(cx)
}

/// Answers a command for an instance that cannot start.
fn refuse<A: Agent>(setup: &Setup<A>, command: Option<Command<A>>, error: &HandlerError) {
    let refused = || AgentError::CannotStart(error.for_client());
    match command {
        Some(Command::Connect(connection)) => {
            setup.slot.connections.remove(&connection);
            connection.close(CODE_INTERNAL_ERROR, &refused().to_string());
        }
        Some(Command::Message { in_flight, .. }) => {
            let connection = in_flight.connection();
            setup.slot.connections.remove(connection);
            connection.close(CODE_INTERNAL_ERROR, &refused().to_string());
        }
        Some(Command::Request { answer, .. }) => {
            let _ = answer.send(Err(refused().into()));
        }
        Some(Command::Call { answer, .. }) => {
            let _ = answer.send(Err(refused()));
        }
        Some(Command::Destroy { answer }) => {
            let _ = answer.send(Err(AgentError::Gone));
        }
        Some(Command::Alarm { .. }) => setup.agents.postpone_alarm(&setup.slot.id),
        _ => {}
    }
}

/// Close code where the server failed.
pub(crate) const CODE_INTERNAL_ERROR: u16 = 1011;

/// Keeps a panic inside its own future, and reports what takes long.
fn guarded<A: Agent>(
    cx: Context<A>,
    what: &'static str,
    future: impl Future<Output = ()> + Send + 'static,
) -> BoxFuture<'static, ()> {
    let begun = Instant::now();
    AssertUnwindSafe(future)
        .catch_unwind()
        .map(move |result| {
            if result.is_err() {
                tracing::error!(instance = %cx.id(), what, "a handler panicked; the instance goes on");
                cx.failed(what, &AgentError::Panicked.into());
            }
            let seconds = begun.elapsed();
            if seconds > cx.agents().config().slow_handler_after {
                tracing::warn!(instance = %cx.id(), what, ?seconds, "a handler took long");
            }
        })
        .boxed()
}

fn handle<A: Agent>(
    setup: &Setup<A>,
    cx: Context<A>,
    command: Command<A>,
) -> BoxFuture<'static, ()> {
    let extension = setup.extension.clone();
    let owner = cx.clone();
    match command {
        Command::Connect(connection) => {
            guarded(owner, "on_connect", greeting::connect(cx, extension, connection))
        }
        Command::Message { message, in_flight } => guarded(owner, "a message", async move {
            receive(&cx, extension, in_flight.connection(), message).await;
        }),
        Command::Closed { connection, end } => guarded(owner, "on_close", async move {
            let End { code, reason, clean } = end;
            let result = cx.this().on_close(&cx, &connection, code, &reason, clean).await;
            report(&cx, &connection, "on_close", result).await;
        }),
        Command::Request { request, answer } => guarded(owner, "on_request", async move {
            let response = match extension.as_ref().and_then(|e| e.on_request(&cx, &request)) {
                Some(response) => response,
                None => {
                    let called = AssertUnwindSafe(cx.this().on_request(&cx, *request));
                    match called.catch_unwind().await {
                        Ok(response) => response,
                        Err(panic) => {
                            let _ = answer.send(Err(AgentError::Panicked.into()));
                            resume_unwind(panic);
                        }
                    }
                }
            };
            if let Err(error) = &response {
                cx.failed("on_request", error);
            }
            let response = match cx.durable().await {
                Ok(()) => response.map(|response| body::on_the_instance(&cx, response)),
                Err(error) => Err(error.into()),
            };
            let _ = answer.send(response);
        }),
        Command::Call { method, args, answer } => guarded(owner, "a call", async move {
            let result = rpc::call(cx.clone(), &method, args).await;
            let _ = answer.send(cx.durable().await.and(result));
        }),
        Command::Run(run) => guarded(owner, "a call", run(Arc::clone(cx.this()), cx)),
        Command::Alarm { done } => guarded(owner, "an alarm", async move {
            schedule::alarm(&cx, done);
        }),
        // These are the loop's own.
        Command::Destroy { .. } | Command::End(_) => std::future::ready(()).boxed(),
        #[cfg(feature = "testing")]
        Command::Doze { .. } => std::future::ready(()).boxed(),
    }
}

async fn receive<A: Agent>(
    cx: &Context<A>,
    extension: Option<Arc<dyn Extension<A>>>,
    connection: &Connection,
    message: Message,
) {
    let parsed = match &message {
        Message::Text(text) => {
            match extension.as_ref().and_then(|e| e.read(cx, connection, text)) {
                Some(frame) => Ok(Some(frame)),
                None => ClientFrame::parse(text),
            }
        }
        _ => Ok(None),
    };
    let result = match parsed {
        Ok(Some(ClientFrame::State(frame))) => {
            cx.client_state(connection, frame.state);
            Ok(())
        }
        Ok(Some(ClientFrame::Rpc(request))) => {
            rpc::serve(cx.clone(), connection.clone(), request).await;
            Ok(())
        }
        Ok(Some(frame)) => match &extension {
            Some(extension) => extension.on_frame(cx, connection, frame).await,
            None => Ok(()),
        },
        Ok(None) => cx.this().on_message(cx, connection, message).await,
        Err(error) => {
            tracing::debug!(instance = %cx.id(), "malformed frame");
            connection.send_frame(&ServerFrame::error(error.to_string()));
            Ok(())
        }
    };
    report(cx, connection, "a message", result).await;
}

/// Hands a handler's error to the agent.
pub(crate) async fn report<A: Agent>(
    cx: &Context<A>,
    connection: &Connection,
    what: &str,
    result: Result<()>,
) {
    let Err(error) = result else { return };
    cx.failed(what, &error);
    if let Err(error) = cx.this().on_error(cx, connection, error).await {
        tracing::warn!(instance = %cx.id(), %error, "on_error failed");
        cx.failed("on_error", &error);
    }
}
