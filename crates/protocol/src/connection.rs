//! Frames sent when a connection opens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `cf_agent_identity`: who the client is connected to. The client is ready when it has this
/// frame, or, where `state_follows`, the state frame after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityFrame {
    /// The instance's name.
    pub name: String,
    /// The agent's type in kebab-case.
    pub agent: String,
    /// Whether a state frame comes right after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_follows: Option<bool>,
}

/// `cf_agent_mcp_servers`: what the agent gets from MCP servers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct McpServersFrame {
    /// Servers and what they offer.
    pub mcp: McpServers,
}

/// The MCP servers of an agent and everything they offer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct McpServers {
    /// Servers by id.
    pub servers: Map<String, Value>,
    /// Tools of all servers.
    pub tools: Vec<Value>,
    /// Prompts of all servers.
    pub prompts: Vec<Value>,
    /// Resources of all servers.
    pub resources: Vec<Value>,
}

/// `domovoi_error`: something the client sent could not be handled: a malformed frame, or one
/// over the size limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// What was wrong.
    pub error: String,
}
