//! Reading JSON.

use serde::de::DeserializeOwned;

/// Reads a value. In a browser by way of [`serde_json::Value`]: then there is one reader of text in the
/// program, and not one for each type.
///
/// # Errors
/// Where the text is no JSON, or not of this type.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    #[cfg(target_arch = "wasm32")]
    {
        serde_json::from_value(serde_json::from_str(text)?)
    }
    #[cfg(not(target_arch = "wasm32"))]
    serde_json::from_str(text)
}
