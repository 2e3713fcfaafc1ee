//! What goes into the binary.

use std::{fmt, process::ExitCode, sync::Arc};

use domovoi_agents::{Agent, AgentsBuilder, AiChatAgent, chat::Tool};

use crate::cli;

type Registration = Box<dyn Fn(AgentsBuilder) -> AgentsBuilder + Send + Sync>;

/// Collects agents and tools, then is the program: [`Domovoi::run`] is a whole `main`.
#[derive(Default)]
pub struct Domovoi {
    pub(crate) registrations: Vec<Registration>,
    pub(crate) tools: Vec<Arc<dyn Tool>>,
}

impl Domovoi {
    /// The server with the agents it comes with.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an agent type; it is reachable at `/agents/{type}/{name}`.
    #[must_use]
    pub fn agent<A: Agent + Default>(self) -> Self {
        self.register(AgentsBuilder::agent::<A>)
    }

    /// Adds a chat agent type.
    #[must_use]
    pub fn chat_agent<A: AiChatAgent + Default>(self) -> Self {
        self.register(AgentsBuilder::chat_agent::<A>)
    }

    /// Adds agents in any way the SDK has. Each person has agents of their own, so this is called
    /// once for each of them.
    #[must_use]
    pub fn register(
        mut self,
        registration: impl Fn(AgentsBuilder) -> AgentsBuilder + Send + Sync + 'static,
    ) -> Self {
        self.registrations.push(Box::new(registration));
        self
    }

    /// Adds a tool for the assistant.
    #[must_use]
    pub fn tool(mut self, tool: impl Tool) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }

    /// Reads the command line and does what it says. Errors are printed for a person.
    #[must_use]
    pub fn run(self) -> ExitCode {
        cli::run(self)
    }
}

impl fmt::Debug for Domovoi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Domovoi").field("tools", &self.tools.len()).finish_non_exhaustive()
    }
}
