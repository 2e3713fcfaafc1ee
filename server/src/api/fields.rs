//! The fields of a question, one at a time, so that the one that is wrong can be named.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ApiError;

/// The fields of a question. One that is `null` counts as not there: many programs write down every
/// field they know.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body).map(Self).map_err(|error| {
            ApiError::invalid(format!("The request is not a JSON object: {error}."), None)
        })
    }

    /// Takes a field that may be left out.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, ApiError> {
        let value = self.0.remove(name).unwrap_or_default();
        serde_json::from_value(value).map_err(|error| {
            ApiError::invalid(format!("`{name}` cannot be read: {error}."), Some(name))
        })
    }

    /// Takes a field that must be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ApiError> {
        let found = self.optional(name)?;
        found.ok_or_else(|| ApiError::invalid(format!("`{name}` is missing."), Some(name)))
    }
}
