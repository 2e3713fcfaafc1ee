//! The arguments of a tool, from what the model wrote.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{HandlerError, Result};

/// Reads arguments.
///
/// # Errors
/// What is wrong, after the path to it where it is not the whole, so that a model can mend it:
/// ``items[2].price: invalid type: string "cheap", expected f64``.
pub fn read<T: DeserializeOwned>(arguments: &Value) -> Result<T> {
    serde_path_to_error::deserialize(arguments)
        .map_err(|error| HandlerError::new(error.to_string()))
}
