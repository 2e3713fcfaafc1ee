//! Tools and their values in words, and addresses that may be followed.

use serde_json::Value;

/// A tool's name without its underscores.
pub(crate) fn tool_name(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// Whether an address is one of the web's; no other is made a link.
pub(crate) fn is_web(address: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// A value as a person reads it.
pub(crate) fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
