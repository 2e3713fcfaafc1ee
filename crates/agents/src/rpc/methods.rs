//! What an agent can be called with, for people and models that want to know.

use std::marker::PhantomData;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::Value;

use crate::Agent;

/// A method that clients may call.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MethodInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its doc comment.
    pub description: &'static str,
    /// Whether it answers with a stream.
    pub streaming: bool,
    /// Its arguments in order.
    pub arguments: Vec<ArgumentInfo>,
}

/// An argument of a [`MethodInfo`].
#[derive(Debug, Clone, Serialize)]
pub struct ArgumentInfo {
    /// The parameter's name; calls go by position.
    pub name: &'static str,
    /// The JSON schema of its type, where that implements `JsonSchema`; `true`, which allows
    /// everything, where it does not.
    pub schema: Value,
}

/// The methods that clients of `A` may call, in the order of the source.
#[must_use]
pub fn methods<A: Agent>() -> Vec<MethodInfo> {
    let info = |callable: &super::Callable<A>| MethodInfo {
        name: callable.name,
        description: callable.description,
        streaming: callable.streams,
        arguments: (callable.arguments)(),
    };
    A::callables().iter().map(info).collect()
}

/// The schema of a `T`, if it has one: the method `schema` of a `&SchemaOf<T>` is that of
/// [`KnownSchema`] where that is implemented, and else, one reference further, that of
/// [`AnySchema`]. So a type need not implement `JsonSchema` to be an argument.
#[derive(Debug)]
pub struct SchemaOf<T>(PhantomData<T>);

impl<T> SchemaOf<T> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

/// See [`SchemaOf`].
pub trait KnownSchema {
    /// What `schemars` says.
    fn schema(&self) -> Value;
}

impl<T: JsonSchema> KnownSchema for SchemaOf<T> {
    fn schema(&self) -> Value {
        let settings = SchemaSettings::default().with(|settings| {
            settings.meta_schema = None;
            settings.inline_subschemas = true;
        });
        settings.into_generator().into_root_schema_for::<T>().to_value()
    }
}

/// See [`SchemaOf`].
pub trait AnySchema {
    /// The schema that allows everything.
    fn schema(&self) -> Value;
}

impl<T> AnySchema for &SchemaOf<T> {
    fn schema(&self) -> Value {
        Value::Bool(true)
    }
}
