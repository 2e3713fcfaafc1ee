//! A message of a conversation and its parts: the AI SDK's `UIMessage`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::fields::Fields;

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UiMessage {
    /// The message's id, unique in its conversation.
    pub id: String,
    /// Who wrote it.
    pub role: Role,
    /// Anything the application attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// What it consists of, in order.
    #[serde(default)]
    pub parts: Vec<Part>,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// A person.
    User,
    /// The agent.
    Assistant,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "fields are named by the AI SDK and explained by their variant")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "most parts of a long message are texts or tools")]
pub enum Part {
    /// Text.
    Text {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<StreamState>,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// The model's reasoning.
    Reasoning {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<StreamState>,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// A file.
    File {
        media_type: String,
        url: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
    },
    /// A web page the answer rests on.
    SourceUrl {
        source_id: String,
        url: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// A document the answer rests on.
    SourceDocument {
        source_id: String,
        media_type: String,
        title: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
    },
    /// A step begins here.
    StepStart,
    /// A tool call, of type `tool-NAME` or `dynamic-tool`.
    #[serde(untagged)]
    Tool(ToolPart),
    /// A `data-NAME` part of the application's own.
    #[serde(untagged)]
    Data(DataPart),
    /// A part of a type this version does not know; kept as it came.
    #[serde(untagged)]
    Unknown(Map<String, Value>),
}

/// Whether a part is still being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamState {
    /// More text may come.
    Streaming,
    /// The part is complete.
    Done,
}

/// A `data-NAME` part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataPart {
    /// `data-` and a name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Names the part among those of its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The part's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// A tool call and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolPart {
    /// `tool-NAME`, or `dynamic-tool` where the tool is not known when the program is written.
    #[serde(rename = "type")]
    pub kind: String,
    /// The call's id.
    pub tool_call_id: String,
    /// How far the call is.
    pub state: ToolState,
    /// The tool's name; always there on dynamic tools and on persisted parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_name: Option<String>,
    /// The arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_text: Option<String>,
    /// The question to a person, and the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Fields of this part that only other clients use; kept as they came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How far a tool call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolState {
    /// The model is writing the arguments.
    InputStreaming,
    /// The arguments are complete.
    InputAvailable,
    /// A person must decide.
    ApprovalRequested,
    /// A person has decided.
    ApprovalResponded,
    /// The tool has answered.
    OutputAvailable,
    /// The tool has failed, or its arguments were wrong.
    OutputError,
    /// A person rejected the call.
    OutputDenied,
}

/// A question to a person about a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The question's id.
    pub id: String,
    /// The answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

const DYNAMIC_TOOL: &str = "dynamic-tool";

/// The fields of a [`ToolPart`] that are not among the others.
const TOOL_FIELDS: [&str; 8] =
    ["type", "toolCallId", "state", "toolName", "input", "output", "errorText", "approval"];

impl ToolPart {
    fn read(fields: Fields<'_>) -> Option<Self> {
        let other = fields.0.iter().filter(|(name, _)| !TOOL_FIELDS.contains(&name.as_str()));
        Some(Self {
            kind: fields.text("type")?,
            tool_call_id: fields.text("toolCallId")?,
            state: fields.maybe_read("state")??,
            tool_name: fields.maybe_text("toolName")?,
            input: fields.0.get("input").cloned(),
            output: fields.0.get("output").cloned(),
            error_text: fields.maybe_text("errorText")?,
            approval: fields.maybe_read("approval")?,
            other: other.map(|(name, value)| (name.clone(), value.clone())).collect(),
        })
    }

    /// A call of `tool_name` in this state, with nothing else known.
    #[must_use]
    pub fn new(tool_call_id: &str, tool_name: &str, dynamic: bool, state: ToolState) -> Self {
        Self {
            kind: if dynamic { DYNAMIC_TOOL.to_owned() } else { format!("tool-{tool_name}") },
            tool_call_id: tool_call_id.to_owned(),
            state,
            tool_name: dynamic.then(|| tool_name.to_owned()),
            input: None,
            output: None,
            error_text: None,
            approval: None,
            other: Map::new(),
        }
    }

    /// Whether the output is what the tool shows on its way to the answer.
    #[must_use]
    pub fn is_preliminary(&self) -> bool {
        self.other.get("preliminary") == Some(&Value::Bool(true))
    }

    /// The tool's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.tool_name {
            Some(name) => name,
            None => self.kind.strip_prefix("tool-").unwrap_or(&self.kind),
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        Ok(Self::read(Fields(&map)).unwrap_or(Self::Unknown(map)))
    }
}

impl Part {
    /// A part of a known type with fields that fit.
    fn read(fields: Fields<'_>) -> Option<Self> {
        let text = |name| fields.text(name);
        Some(match fields.kind() {
            "text" => Self::Text {
                text: text("text")?,
                state: fields.maybe_read("state")?,
                provider_metadata: fields.some("providerMetadata"),
            },
            "reasoning" => Self::Reasoning {
                text: text("text")?,
                state: fields.maybe_read("state")?,
                provider_metadata: fields.some("providerMetadata"),
            },
            "file" => Self::File {
                media_type: text("mediaType")?,
                url: text("url")?,
                filename: fields.maybe_text("filename")?,
            },
            "source-url" => Self::SourceUrl {
                source_id: text("sourceId")?,
                url: text("url")?,
                title: fields.maybe_text("title")?,
            },
            "source-document" => Self::SourceDocument {
                source_id: text("sourceId")?,
                media_type: text("mediaType")?,
                title: text("title")?,
                filename: fields.maybe_text("filename")?,
            },
            "step-start" => Self::StepStart,
            kind if kind == DYNAMIC_TOOL || kind.starts_with("tool-") => {
                Self::Tool(ToolPart::read(fields)?)
            }
            kind if kind.starts_with("data-") => Self::Data(DataPart {
                kind: kind.to_owned(),
                id: fields.maybe_text("id")?,
                data: fields.0.get("data").cloned(),
            }),
            _ => return None,
        })
    }

    /// A complete text part.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), state: None, provider_metadata: None }
    }
}

impl UiMessage {
    /// A message of one text part.
    #[must_use]
    pub fn new(id: impl Into<String>, role: Role, text: impl Into<String>) -> Self {
        Self { id: id.into(), role, metadata: None, parts: vec![Part::text(text)] }
    }

    /// The text of all text parts, joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Writes the tool's name into every tool call, as persisted messages have it.
    pub fn name_tools(&mut self) {
        for part in &mut self.parts {
            if let Part::Tool(tool) = part
                && tool.tool_name.is_none()
            {
                tool.tool_name = Some(tool.name().to_owned());
            }
        }
    }

    /// The part of the tool call `id`.
    #[must_use]
    pub fn tool(&self, id: &str) -> Option<&ToolPart> {
        self.parts.iter().find_map(|part| match part {
            Part::Tool(tool) if tool.tool_call_id == id => Some(tool),
            _ => None,
        })
    }
}
