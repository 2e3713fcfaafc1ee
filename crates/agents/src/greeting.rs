//! What a new connection is told: who we are, our state, our MCP servers.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use domovoi_protocol::{
    ServerFrame,
    connection::{IdentityFrame, McpServersFrame},
};
use futures::FutureExt;

use crate::{
    Agent, Connection, Context, InstanceId, Result,
    extension::Extension,
    instance::{CODE_INTERNAL_ERROR, report},
};

/// Greets a connection, then hands it to the agent.
pub(crate) async fn connect<A: Agent>(
    cx: Context<A>,
    extension: Option<Arc<dyn Extension<A>>>,
    connection: Connection,
) {
    connection.set_greeted();
    if let Some(extension) = &extension {
        extension.on_connect(&cx, &connection);
    }
    let result = greet(&cx, &connection);
    report(&cx, &connection, "on_connect", result).await;
    match AssertUnwindSafe(cx.this().on_connect(&cx, &connection)).catch_unwind().await {
        Ok(result) => report(&cx, &connection, "on_connect", result).await,
        Err(panic) => {
            // Whatever it was to decide over the connection is undecided.
            connection.close(CODE_INTERNAL_ERROR, "the agent failed to take this connection");
            panic::resume_unwind(panic);
        }
    }
}

fn greet<A: Agent>(cx: &Context<A>, connection: &Connection) -> Result<()> {
    let state = cx.state_frame()?;
    let servers = ServerFrame::from(McpServersFrame::default()).to_json();
    // Clients of a sub-agent hear of its parents first.
    let mut parent = cx.id().parent();
    while let Some(id) = parent {
        connection.send_text(servers.clone());
        parent = InstanceId::parent(id);
    }
    connection.send_frame(&ServerFrame::from(IdentityFrame {
        name: cx.name().to_owned(),
        agent: cx.agent().to_owned(),
        state_follows: state.is_some().then_some(true),
    }));
    if let Some(state) = state {
        connection.send_text(state);
    }
    connection.send_text(servers);
    Ok(())
}
