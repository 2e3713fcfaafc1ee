//! A conversation on a server of its own, with an agent that asks a scripted model.

use std::sync::Arc;

use domovoi_agents::{Agents, AgentsBuilder};
use domovoi_models::testing::{Script, ScriptedModel};
use serde_json::Value;

use super::{Client, Server, config, copy_folder};

/// Adds an agent that asks the model.
type Serve = fn(AgentsBuilder, &Arc<ScriptedModel>) -> AgentsBuilder;

/// A server with one chat agent, whose type is called `helper`.
pub(crate) struct Chat {
    folder: tempfile::TempDir,
    pub(crate) model: Arc<ScriptedModel>,
    pub(crate) server: Server,
    serve: Serve,
}

impl Chat {
    /// Starts it; `serve` adds the agent.
    pub(crate) async fn start(scripts: impl IntoIterator<Item = Script>, serve: Serve) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = Arc::new(ScriptedModel::new(scripts));
        Self::on(folder, model, serve).await
    }

    async fn on(folder: tempfile::TempDir, model: Arc<ScriptedModel>, serve: Serve) -> Self {
        let server = Server::start(serve(Agents::builder(config(folder.path())), &model)).await;
        Self { folder, model, server, serve }
    }

    /// A connection to the conversation, past its greeting.
    pub(crate) async fn open(&self) -> Client {
        let mut client = self.server.connect("helper/x").await;
        client.next_of("cf_agent_identity").await;
        client
    }

    pub(crate) async fn history(&self) -> Vec<Value> {
        let (status, body) = self.server.get("helper/x/get-messages").await;
        assert_eq!(status, 200);
        serde_json::from_str(&body).unwrap()
    }

    /// The process ends without a word and another one starts.
    pub(crate) async fn crash(self) -> Self {
        let Self { folder, model, server, serve } = self;
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder.path(), copy.path());
        drop(server);
        Self::on(copy, model, serve).await
    }
}
