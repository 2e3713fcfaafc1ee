//! One client in one conversation: what to do comes in, what there is to see goes out.

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::Args;
use domovoi_client::{
    AgentClient, AgentOptions, ClientEvent, ReconnectPolicy,
    chat::{ChatSession, ChatStatus, Decision, Effect},
    fetch_messages,
};
use domovoi_protocol::{
    Part, UiMessage,
    message::{ToolPart, ToolState},
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

/// Reconnects as quickly as a test wants it.
const QUICK: ReconnectPolicy = ReconnectPolicy {
    first: Duration::from_millis(20),
    factor: 1.5,
    max: Duration::from_millis(200),
    jitter: 0.5,
};

#[derive(Args)]
pub(crate) struct ChatArgs {
    /// HOST:PORT of the server
    #[arg(long)]
    host: String,
    /// Name of the agent
    #[arg(long)]
    agent: String,
    /// Name of the conversation
    #[arg(long)]
    name: String,
}

/// What a person does; one JSON object in each line of the input.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Deed {
    Submit {
        text: String,
    },
    Stop,
    Clear,
    Regenerate,
    /// Answers the call that waits for a client.
    Output {
        output: Value,
    },
    /// Decides on the call that waits for a person.
    Decide {
        approved: bool,
    },
}

/// What there is to see; one JSON object in each line of the output, after every change.
#[derive(Serialize)]
struct View<'a> {
    connected: bool,
    status: &'static str,
    error: Option<&'a str>,
    messages: Vec<&'a UiMessage>,
}

struct Chat {
    options: AgentOptions,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    session: ChatSession,
    connected: bool,
}

/// Takes part in a conversation until the input ends.
pub(crate) async fn run(args: ChatArgs) -> Result<()> {
    let base = format!("ws://{}", args.host);
    let options = AgentOptions::new(args.agent, args.name).base(base).reconnect(QUICK);
    let client = AgentClient::new(options.clone());
    let chat = Arc::new(Chat { options, seen: Mutex::default() });
    let (this, weak) = (Arc::clone(&chat), client.downgrade());
    let _events = client.on_event(move |event| {
        if let Some(client) = weak.upgrade() {
            this.hear(&client, event);
        }
    });
    client.start();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let deed = serde_json::from_str(&line).with_context(|| format!("in {line}"))?;
        let effects = perform(&mut chat.seen.lock().session, deed);
        chat.carry_out(&client, effects);
    }
    Ok(())
}

fn perform(session: &mut ChatSession, deed: Deed) -> Vec<Effect> {
    match deed {
        Deed::Submit { text } => session.submit(text),
        Deed::Stop => session.stop(),
        Deed::Clear => session.clear(),
        Deed::Regenerate => session.regenerate(),
        Deed::Output { output } => {
            let call = waiting(session, ToolState::InputAvailable);
            session.add_tool_result(&call, Ok(output))
        }
        Deed::Decide { approved } => {
            let call = waiting(session, ToolState::ApprovalRequested);
            session.add_tool_approval(&call, Decision { approved, ..Decision::default() })
        }
    }
}

/// The id of the first call that is in this state; of none that is there where there is none.
fn waiting(session: &ChatSession, state: ToolState) -> String {
    let parts = session.messages().flat_map(|message| &message.parts);
    let mut calls = parts.filter_map(|part| match part {
        Part::Tool(tool) if tool.state == state => Some(tool),
        _ => None,
    });
    calls.next().map(|ToolPart { tool_call_id, .. }| tool_call_id.clone()).unwrap_or_default()
}

impl Chat {
    fn hear(self: &Arc<Self>, client: &AgentClient, event: &ClientEvent) {
        let effects = {
            let Seen { session, connected } = &mut *self.seen.lock();
            match event {
                ClientEvent::Open => {
                    *connected = true;
                    session.opened()
                }
                ClientEvent::Closed { .. } => {
                    *connected = false;
                    session.closed();
                    Vec::new()
                }
                ClientEvent::Frame(frame) => session.handle(frame),
                _ => return,
            }
        };
        self.carry_out(client, effects);
    }

    fn carry_out(self: &Arc<Self>, client: &AgentClient, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                // A client that is closed has nothing more to say.
                Effect::Send(frame) => drop(client.send_frame(&frame)),
                Effect::RefetchHistory { ticket } => self.fetch(client, ticket),
                _ => {}
            }
        }
        self.show();
    }

    fn fetch(self: &Arc<Self>, client: &AgentClient, ticket: u64) {
        let (this, weak) = (Arc::clone(self), client.downgrade());
        tokio::spawn(async move {
            // Where it fails, the connection is gone too, and asks again when it is back.
            if let Ok(messages) = fetch_messages(&this.options).await
                && let Some(client) = weak.upgrade()
            {
                let effects = this.seen.lock().session.fetched(ticket, messages);
                this.carry_out(&client, effects);
            }
        });
    }

    fn show(&self) {
        let Seen { session, connected } = &*self.seen.lock();
        let view = View {
            connected: *connected,
            status: match session.status() {
                ChatStatus::Ready => "ready",
                ChatStatus::Submitted => "submitted",
                ChatStatus::Streaming => "streaming",
                ChatStatus::Error => "error",
            },
            error: session.error(),
            messages: session.messages().collect(),
        };
        let mut output = std::io::stdout().lock();
        // Nobody reads any more: the test is over, and the input ends as well.
        let _ = serde_json::to_writer(&mut output, &view).map_err(drop).map(|()| writeln!(output));
    }
}
