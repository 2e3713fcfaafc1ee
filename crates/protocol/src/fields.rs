//! The fields of a JSON object, read by hand.
//!
//! What serde derives for an enum whose tag is among its fields keeps a copy of the fields first and has
//! a reader of its own for each variant. For chunks and parts that would be a good piece of the
//! browser's program.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields of an object; each method is nothing where the field has another type.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl Fields<'_> {
    /// The `type`; empty where there is none.
    pub(crate) fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// A text that must be there.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    /// A yes or no that must be there.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// A text that may be absent.
    pub(crate) fn maybe_text(&self, name: &str) -> Option<Option<String>> {
        self.maybe(name, |value| value.as_str().map(str::to_owned))
    }

    /// A yes or no that may be absent.
    pub(crate) fn maybe_flag(&self, name: &str) -> Option<Option<bool>> {
        self.maybe(name, Value::as_bool)
    }

    /// A value of a type of its own that may be absent.
    pub(crate) fn maybe_read<T: DeserializeOwned>(&self, name: &str) -> Option<Option<T>> {
        self.maybe(name, |value| T::deserialize(value).ok())
    }

    /// Any value; `null` where it is absent.
    pub(crate) fn any(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// Any value but `null`.
    pub(crate) fn some(&self, name: &str) -> Option<Value> {
        self.0.get(name).filter(|value| !value.is_null()).cloned()
    }

    fn maybe<T>(&self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => read(value).map(Some),
        }
    }
}
