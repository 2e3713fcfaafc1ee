//! Method calls and their results.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// `rpc`, client to server: a call of a callable method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RpcRequest {
    /// The call's id, unique on its connection; every answer carries it.
    pub id: String,
    /// The method's name on the wire.
    pub method: String,
    /// Arguments in order.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// `rpc`, server to client: the result of a call, a piece of a streamed one, or an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RpcResponse {
    /// The call this answers.
    pub id: String,
    /// Whether the call succeeded so far.
    pub success: bool,
    /// The value; absent where the method returns nothing (`null` is a value).
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// What went wrong, where `success` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether this is the last answer; absent on errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
}

/// Keeps an explicit `null` apart from an absent field.
pub(crate) fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl RpcResponse {
    /// The last answer to a call, with its result where it has one.
    #[must_use]
    pub fn done(id: impl Into<String>, result: Option<Value>) -> Self {
        Self { id: id.into(), success: true, result, error: None, done: Some(true) }
    }

    /// One piece of a streamed result.
    #[must_use]
    pub fn item(id: impl Into<String>, result: Value) -> Self {
        Self { id: id.into(), success: true, result: Some(result), error: None, done: Some(false) }
    }

    /// A failed call.
    #[must_use]
    pub fn failed(id: impl Into<String>, error: impl Into<String>) -> Self {
        Self { id: id.into(), success: false, result: None, error: Some(error.into()), done: None }
    }
}

/// The error text for a method that does not exist.
#[must_use]
pub fn no_such_method(method: &str) -> String {
    format!("Method {method} does not exist")
}

/// The error text for a method that exists but is not callable from clients.
#[must_use]
pub fn not_callable(method: &str) -> String {
    format!("Method {method} is not callable")
}
