//! What a call brings with it.

use std::{any::TypeId, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{StreamingResponse, responder::Responder};
use crate::{Connection, HandlerError, Result};

/// The arguments of one call, taken in order, and who waits for its result.
#[derive(Debug)]
pub struct Arguments {
    values: std::vec::IntoIter<Value>,
    /// Nobody where code of this process calls by name.
    responder: Option<Arc<Responder>>,
}

impl Arguments {
    pub(super) fn new(values: Vec<Value>, responder: Option<Arc<Responder>>) -> Self {
        Self { values: values.into_iter(), responder }
    }

    /// The next argument as a `T`; a missing one counts as `null`.
    ///
    /// # Errors
    /// Names the parameter and what is wrong with its value.
    pub fn take<T: DeserializeOwned>(&mut self, parameter: &str) -> Result<T> {
        let value = self.values.next().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|error| {
            HandlerError::new(format!("argument `{parameter}`: {error}")).private()
        })
    }

    /// The sender of a streamed result.
    ///
    /// # Errors
    /// Fails where the caller cannot take a stream.
    pub fn stream(&mut self) -> Result<StreamingResponse> {
        let responder = self
            .responder
            .as_ref()
            .ok_or_else(|| HandlerError::new("the caller takes no stream"))?;
        Ok(StreamingResponse::new(Arc::clone(responder)))
    }

    /// The connection the call came from.
    ///
    /// # Errors
    /// Fails where it came from code of this process.
    pub fn connection(&self) -> Result<Connection> {
        self.responder
            .as_ref()
            .and_then(|responder| responder.connection().cloned())
            .ok_or_else(|| HandlerError::new("this method is for connected clients"))
    }

    /// Answers the call with the method's result, or, where it is for nobody yet, answers it as a
    /// value; nothing for `()`. The result of a method that streams is not looked at.
    ///
    /// # Errors
    /// Fails where the result cannot be written as JSON.
    pub fn answer<T: Serialize + 'static>(self, result: &T) -> Result<Option<Value>> {
        let result = present(result);
        match &self.responder {
            None => Ok(result.map(serde_json::to_value).transpose()?),
            Some(responder) if responder.streams() => Ok(None),
            Some(responder) => responder.end(result).map(|()| None),
        }
    }
}

/// The value itself, but nothing for `()`: `null` on the wire is a value.
pub(super) fn present<T: 'static>(value: &T) -> Option<&T> {
    (TypeId::of::<T>() != TypeId::of::<()>()).then_some(value)
}
