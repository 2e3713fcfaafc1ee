//! One step of a streamed message: a UI-message chunk of the AI SDK.
//!
//! Source of the names and fields: the AI SDK's UI message stream protocol (`ai` 7).

mod read;

use serde::{Serialize, de::Error as _};
use serde_json::{Map, Value};

use crate::{ParseError, fields::Fields, frame::kind_of};

/// One step of a streamed message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "fields are named by the AI SDK and explained by their variant")]
#[non_exhaustive]
pub enum Chunk {
    /// The message begins.
    Start {
        #[serde(skip_serializing_if = "Option::is_none")]
        message_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message_metadata: Option<Value>,
    },
    /// A step begins: one call of the model.
    StartStep,
    /// A text part begins.
    TextStart {
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// More text for the part `id`.
    TextDelta {
        id: String,
        delta: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// The text part `id` is complete.
    TextEnd {
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// A part of reasoning begins.
    ReasoningStart {
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// More reasoning for the part `id`.
    ReasoningDelta {
        id: String,
        delta: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// The reasoning part `id` is complete.
    ReasoningEnd {
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_metadata: Option<Value>,
    },
    /// The model begins to write a tool call.
    ToolInputStart {
        tool_call_id: String,
        tool_name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        dynamic: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// More of the tool call's arguments, as JSON text.
    ToolInputDelta { tool_call_id: String, input_text_delta: String },
    /// The tool call is complete.
    ToolInputAvailable {
        tool_call_id: String,
        tool_name: String,
        input: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        dynamic: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// The tool call's arguments are not what the tool takes.
    ToolInputError {
        tool_call_id: String,
        tool_name: String,
        input: Value,
        error_text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        dynamic: Option<bool>,
    },
    /// A person must decide on the tool call.
    ToolApprovalRequest { approval_id: String, tool_call_id: String },
    /// A person has decided on the tool call.
    ToolApprovalResponse {
        approval_id: String,
        approved: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The tool has answered.
    ToolOutputAvailable {
        tool_call_id: String,
        output: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        preliminary: Option<bool>,
    },
    /// The tool has failed.
    ToolOutputError { tool_call_id: String, error_text: String },
    /// A person rejected the tool call.
    ToolOutputDenied { tool_call_id: String },
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
    /// A file the model made.
    File { url: String, media_type: String },
    /// The step is complete.
    FinishStep,
    /// What this step has written is taken back.
    ResetStep,
    /// The message is complete.
    Finish {
        #[serde(skip_serializing_if = "Option::is_none")]
        finish_reason: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message_metadata: Option<Value>,
    },
    /// Metadata to merge into the message's.
    MessageMetadata { message_metadata: Value },
    /// The message was stopped.
    Abort {
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The turn failed; the text is for a person.
    Error { error_text: String },
    /// A `data-*` part of the application's own.
    #[serde(untagged)]
    Data(DataChunk),
    /// A chunk of a type this version does not know; kept as it came.
    #[serde(untagged)]
    Unknown(Map<String, Value>),
}

/// A `data-*` chunk: a part of the application's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataChunk {
    /// The part's type: `data-` and a name.
    #[serde(rename = "type")]
    pub kind: String,
    /// A later chunk of the same type and id replaces this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The part's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Whether it is only delivered, not kept in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transient: Option<bool>,
}

impl Chunk {
    /// Reads a chunk. A type this version does not know is [`Chunk::Unknown`].
    ///
    /// # Errors
    /// [`ParseError`] where the text is not a JSON object, or has a known `type` in the wrong shape.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let map: Map<String, Value> =
            serde_json::from_str(text).map_err(|source| ParseError::new("chunk", source))?;
        let fields = Fields(&map);
        let wrong = |kind, what| Err(ParseError::new(kind, serde_json::Error::custom(what)));
        match (Self::read(fields), fields.kind()) {
            (Some(chunk), _) => Ok(chunk),
            (None, "") => wrong("chunk", "no `type`"),
            (None, kind) if KNOWN.contains(&kind) || kind.starts_with("data-") => {
                wrong(kind, "a field is missing or has the wrong type")
            }
            (None, _) => Ok(Self::Unknown(map)),
        }
    }

    /// The chunk as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialising a chunk cannot fail: no maps with keys that are not strings.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The `type` of a chunk in JSON text, without reading the rest.
    #[must_use]
    pub fn kind_of(text: &str) -> Option<String> {
        kind_of(text).map(|kind| kind.into_owned())
    }

    /// More text for the text part `id`.
    #[must_use]
    pub fn text_delta(id: impl Into<String>, delta: impl Into<String>) -> Self {
        Self::TextDelta { id: id.into(), delta: delta.into(), provider_metadata: None }
    }

    /// The begin of the text part `id`.
    #[must_use]
    pub fn text_start(id: impl Into<String>) -> Self {
        Self::TextStart { id: id.into(), provider_metadata: None }
    }

    /// The end of the text part `id`.
    #[must_use]
    pub fn text_end(id: impl Into<String>) -> Self {
        Self::TextEnd { id: id.into(), provider_metadata: None }
    }
}

const KNOWN: [&str; 25] = [
    "start",
    "start-step",
    "text-start",
    "text-delta",
    "text-end",
    "reasoning-start",
    "reasoning-delta",
    "reasoning-end",
    "tool-input-start",
    "tool-input-delta",
    "tool-input-available",
    "tool-input-error",
    "tool-approval-request",
    "tool-approval-response",
    "tool-output-available",
    "tool-output-error",
    "tool-output-denied",
    "source-url",
    "source-document",
    "file",
    "reset-step",
    "finish",
    "message-metadata",
    "abort",
    "error",
];
