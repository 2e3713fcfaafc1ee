//! The one task of an awake instance.
//!
//! Everything that reaches an instance is a [`Command`]; every command becomes a future, and all
//! of them are polled here. A panic ends its own future and nothing else.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{body::Body, extract::ws::Message, response::Response};
use domovoi_protocol::{ClientFrame, ServerFrame, connection::IdentityFrame};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use http::Request;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::{
    Agent, AgentError, Agents, Connection, Context, HandlerError, Result,
    connection::ConnectionSet,
    context::Parts,
    database::{Database, file_of},
    extension::Extension,
    rpc,
};

/// Something for an instance to do.
pub(crate) enum Command<A: Agent> {
    Connect(Connection),
    Message { connection: Connection, message: Message, permit: OwnedSemaphorePermit },
    Closed { connection: Connection, code: u16, reason: String, clean: bool },
    Request { request: Request<Body>, answer: oneshot::Sender<Result<Response>> },
    Call { method: String, args: Vec<Value>, answer: oneshot::Sender<Result<Value, AgentError>> },
    Run(RunFn<A>),
    Destroy { answer: oneshot::Sender<Result<(), AgentError>> },
}

/// Work of this process for the instance.
pub(crate) type RunFn<A> = Box<dyn FnOnce(Arc<A>, Context<A>) -> BoxFuture<'static, ()> + Send>;

/// What an instance's task is made of.
pub(crate) struct Setup<A: Agent> {
    pub(crate) agents: Agents,
    pub(crate) agent: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) factory: Arc<dyn Fn() -> A + Send + Sync>,
    pub(crate) extension: Option<Arc<dyn Extension<A>>>,
    pub(crate) connections: Arc<ConnectionSet>,
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

/// Wakes the instance and runs it until it is idle or destroyed. `idle` decides, with the mailbox
/// locked, whether it may really go.
pub(crate) async fn run<A: Agent>(
    setup: &Setup<A>,
    mailbox: &mut mpsc::UnboundedReceiver<Command<A>>,
    idle: impl Fn(&mpsc::UnboundedReceiver<Command<A>>) -> bool,
) -> Exit {
    let (tasks, mut spawned) = mpsc::unbounded_channel();
    let cx = match start(setup, tasks).await {
        Ok(cx) => cx,
        Err(error) => {
            tracing::error!(agent = %setup.agent, instance = %setup.name, %error, "the instance cannot start");
            refuse_all(mailbox, &error);
            return if idle(mailbox) { Exit::Idle } else { Exit::Destroyed };
        }
    };
    let idle_after = setup.agents.config().idle_after;
    let lifecycle = setup.agents.lifecycle();
    let mut running: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            () = lifecycle.aborted() => return Exit::Shutdown,
            Some(()) = running.next(), if !running.is_empty() => {}
            Some(task) = spawned.recv() => running.push(guarded(&cx, task)),
            command = mailbox.recv() => match command {
                Some(Command::Destroy { answer }) => {
                    running.clear();
                    for connection in cx.connections() {
                        connection.close(CODE_DESTROYED, "the agent was destroyed");
                        setup.connections.remove(&connection);
                    }
                    let _ = answer.send(cx.database().destroy());
                    return Exit::Destroyed;
                }
                Some(command) => running.push(guarded(&cx, handle(setup, cx.clone(), command))),
                None => return Exit::Idle,
            },
            () = lifecycle.stopping(), if running.is_empty() => return Exit::Shutdown,
            () = sleep(idle_after), if running.is_empty() => {
                if cx.is_unused() && idle(mailbox) {
                    return Exit::Idle;
                }
            }
        }
    }
}

/// Close code after [`Command::Destroy`]; terminal, so clients do not connect again by themselves.
const CODE_DESTROYED: u16 = 4004;

async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

async fn start<A: Agent>(
    setup: &Setup<A>,
    tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
) -> Result<Context<A>> {
    let config = setup.agents.config();
    let path = file_of(&config.data_dir, &setup.agent, &setup.name);
    let cx = Context::new(Parts {
        agents: setup.agents.clone(),
        agent: Arc::clone(&setup.agent),
        name: Arc::clone(&setup.name),
        this: Arc::new((setup.factory)()),
        database: Database::new(path, config.durability),
        connections: Arc::clone(&setup.connections),
        tasks,
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

/// Answers everything that waits for an instance that cannot start.
fn refuse_all<A: Agent>(mailbox: &mut mpsc::UnboundedReceiver<Command<A>>, error: &HandlerError) {
    while let Ok(command) = mailbox.try_recv() {
        match command {
            Command::Connect(connection) => {
                connection.close(CODE_INTERNAL_ERROR, "the agent cannot start");
            }
            Command::Request { answer, .. } => {
                let _ = answer.send(Err(HandlerError::new(error.to_string())));
            }
            Command::Call { answer, .. } => {
                let error = HandlerError::new(error.to_string());
                let _ = answer.send(Err(AgentError::Handler(error)));
            }
            Command::Destroy { answer } => {
                let _ = answer.send(Err(AgentError::Gone));
            }
            Command::Message { .. } | Command::Closed { .. } | Command::Run(_) => {}
        }
    }
}

/// Close code where the server failed.
const CODE_INTERNAL_ERROR: u16 = 1011;

/// Keeps a panic inside its own future.
fn guarded<A: Agent>(
    cx: &Context<A>,
    future: impl Future<Output = ()> + Send + 'static,
) -> BoxFuture<'static, ()> {
    let (agent, instance) = (cx.agent().to_owned(), cx.name().to_owned());
    AssertUnwindSafe(future)
        .catch_unwind()
        .map(move |result| {
            if result.is_err() {
                tracing::error!(agent, instance, "a handler panicked; the instance goes on");
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
    match command {
        Command::Connect(connection) => connect(cx, extension, connection).boxed(),
        Command::Message { connection, message, permit } => async move {
            receive(&cx, extension, &connection, message).await;
            drop(permit);
        }
        .boxed(),
        Command::Closed { connection, code, reason, clean } => async move {
            let result = cx.this().on_close(&cx, &connection, code, &reason, clean).await;
            report(&cx, &connection, result).await;
        }
        .boxed(),
        Command::Request { request, answer } => async move {
            let response = match extension.as_ref().and_then(|e| e.on_request(&cx, &request)) {
                Some(response) => response,
                None => cx.this().on_request(&cx, request).await,
            };
            let _ = answer.send(response);
        }
        .boxed(),
        Command::Call { method, args, answer } => async move {
            let _ = answer.send(rpc::call(cx, &method, args).await);
        }
        .boxed(),
        Command::Run(run) => run(Arc::clone(cx.this()), cx),
        Command::Destroy { .. } => std::future::ready(()).boxed(),
    }
}

async fn connect<A: Agent>(
    cx: Context<A>,
    extension: Option<Arc<dyn Extension<A>>>,
    connection: Connection,
) {
    if let Some(extension) = &extension {
        extension.on_connect(&cx, &connection);
    }
    let result = greet(&cx, &connection);
    report(&cx, &connection, result).await;
    let result = cx.this().on_connect(&cx, &connection).await;
    report(&cx, &connection, result).await;
}

/// Tells a new connection who we are and our state.
fn greet<A: Agent>(cx: &Context<A>, connection: &Connection) -> Result<()> {
    let state = cx.state_frame()?;
    connection.send_frame(&ServerFrame::from(IdentityFrame {
        name: cx.name().to_owned(),
        agent: cx.agent().to_owned(),
        state_follows: state.is_some().then_some(true),
    }));
    if let Some(state) = state {
        connection.send_frame(&state);
    }
    Ok(())
}

async fn receive<A: Agent>(
    cx: &Context<A>,
    extension: Option<Arc<dyn Extension<A>>>,
    connection: &Connection,
    message: Message,
) {
    let parsed = match &message {
        Message::Text(text) => ClientFrame::parse(text),
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
            tracing::debug!(agent = cx.agent(), instance = cx.name(), "malformed frame");
            connection.send_frame(&ServerFrame::error(error.to_string()));
            Ok(())
        }
    };
    report(cx, connection, result).await;
}

/// Hands a handler's error to the agent.
async fn report<A: Agent>(cx: &Context<A>, connection: &Connection, result: Result<()>) {
    if let Err(error) = result
        && let Err(error) = cx.this().on_error(cx, connection, error).await
    {
        tracing::warn!(agent = cx.agent(), instance = cx.name(), %error, "on_error failed");
    }
}
