//! Tools and their values in words.

use serde_json::Value;

/// A tool's name without its underscores.
pub(crate) fn tool_name(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// A value as a person reads it.
pub(crate) fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
