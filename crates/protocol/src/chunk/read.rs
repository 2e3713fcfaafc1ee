//! From the fields of a JSON object to a chunk.

use super::{Chunk, DataChunk};
use crate::fields::Fields;

impl Chunk {
    /// A chunk of a known type with fields that fit.
    pub(super) fn read(fields: Fields<'_>) -> Option<Self> {
        let text = |name| fields.text(name);
        let provider_metadata = || fields.some("providerMetadata");
        Some(match fields.kind() {
            "start" => Self::Start {
                message_id: fields.maybe_text("messageId")?,
                message_metadata: fields.some("messageMetadata"),
            },
            "start-step" => Self::StartStep,
            "text-start" => {
                Self::TextStart { id: text("id")?, provider_metadata: provider_metadata() }
            }
            "text-delta" => Self::TextDelta {
                id: text("id")?,
                delta: text("delta")?,
                provider_metadata: provider_metadata(),
            },
            "text-end" => Self::TextEnd { id: text("id")?, provider_metadata: provider_metadata() },
            "reasoning-start" => {
                Self::ReasoningStart { id: text("id")?, provider_metadata: provider_metadata() }
            }
            "reasoning-delta" => Self::ReasoningDelta {
                id: text("id")?,
                delta: text("delta")?,
                provider_metadata: provider_metadata(),
            },
            "reasoning-end" => {
                Self::ReasoningEnd { id: text("id")?, provider_metadata: provider_metadata() }
            }
            "tool-input-start" => Self::ToolInputStart {
                tool_call_id: text("toolCallId")?,
                tool_name: text("toolName")?,
                dynamic: fields.maybe_flag("dynamic")?,
                title: fields.maybe_text("title")?,
            },
            "tool-input-delta" => Self::ToolInputDelta {
                tool_call_id: text("toolCallId")?,
                input_text_delta: text("inputTextDelta")?,
            },
            "tool-input-available" => Self::ToolInputAvailable {
                tool_call_id: text("toolCallId")?,
                tool_name: text("toolName")?,
                input: fields.any("input"),
                dynamic: fields.maybe_flag("dynamic")?,
                title: fields.maybe_text("title")?,
            },
            "tool-input-error" => Self::ToolInputError {
                tool_call_id: text("toolCallId")?,
                tool_name: text("toolName")?,
                input: fields.any("input"),
                error_text: text("errorText")?,
                dynamic: fields.maybe_flag("dynamic")?,
            },
            "tool-approval-request" => Self::ToolApprovalRequest {
                approval_id: text("approvalId")?,
                tool_call_id: text("toolCallId")?,
            },
            "tool-approval-response" => Self::ToolApprovalResponse {
                approval_id: text("approvalId")?,
                approved: fields.flag("approved")?,
                reason: fields.maybe_text("reason")?,
            },
            "tool-output-available" => Self::ToolOutputAvailable {
                tool_call_id: text("toolCallId")?,
                output: fields.any("output"),
                preliminary: fields.maybe_flag("preliminary")?,
            },
            "tool-output-error" => Self::ToolOutputError {
                tool_call_id: text("toolCallId")?,
                error_text: text("errorText")?,
            },
            "tool-output-denied" => Self::ToolOutputDenied { tool_call_id: text("toolCallId")? },
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
            "file" => Self::File { url: text("url")?, media_type: text("mediaType")? },
            "finish-step" => Self::FinishStep,
            "reset-step" => Self::ResetStep,
            "finish" => Self::Finish {
                finish_reason: fields.maybe_text("finishReason")?,
                message_metadata: fields.some("messageMetadata"),
            },
            "message-metadata" => Self::MessageMetadata {
                message_metadata: fields.0.get("messageMetadata").cloned()?,
            },
            "abort" => Self::Abort { reason: fields.maybe_text("reason")? },
            "error" => Self::Error { error_text: text("errorText")? },
            kind if kind.starts_with("data-") => Self::Data(DataChunk {
                kind: kind.to_owned(),
                id: fields.maybe_text("id")?,
                data: fields.0.get("data").cloned(),
                transient: fields.maybe_flag("transient")?,
            }),
            _ => return None,
        })
    }
}
