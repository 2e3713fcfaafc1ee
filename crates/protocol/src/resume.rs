//! Taking up a stream again: probe, answer, acknowledgement, replay.
//!
//! Between the notice and its acknowledgement a connection gets no live chunks; after it, every
//! chunk it is missing with `replay: true`, then the live ones.

use serde::{Deserialize, Serialize};

/// `cf_agent_stream_resume_request`: the client asks whether a turn is running.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumeRequest {
    /// Echoed in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_id: Option<String>,
}

/// `cf_agent_stream_resume_ack`: the client is ready for the chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeAck {
    /// The turn.
    pub id: String,
    /// The last `seq` the client has applied: it gets only what comes after. Our addition; a
    /// client that leaves it out gets every chunk from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// `cf_agent_stream_resuming`: a turn is running and can be taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumingFrame {
    /// The turn.
    pub id: String,
    /// The probe this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_id: Option<String>,
}

/// `cf_agent_stream_resume_none`: no turn to take up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumeNone {
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ResumeNoneReason>,
    /// The probe this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_id: Option<String>,
    /// Why the newest message, a person's, has no answer, where its turn has failed: nothing in the
    /// history says so. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why there is no turn to take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResumeNoneReason {
    /// Nothing is running.
    Idle,
    /// Another connection owns the continuation.
    ContinuationOwned,
}

/// `cf_agent_stream_pending`: a turn is about to start; `resuming` or `none` is guaranteed to follow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingFrame {
    /// The turn, where it has an id already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The probe this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_id: Option<String>,
}

/// `cf_agent_chat_recovering`: a turn is being recovered after a restart of the server.
///
/// Other servers send it. Domovoi's agents do not: a turn that was cut is over before anybody can
/// connect to its instance again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveringFrame {
    /// Whether recovery is going on, or has ended.
    pub recovering: bool,
    /// The turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
