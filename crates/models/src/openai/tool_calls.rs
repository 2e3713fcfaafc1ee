//! Calls of tools, which come in pieces.

use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::chunk::CallDelta;
use crate::{ModelEvent, ToolCall};

/// The calls of one reply so far.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    calls: Vec<PartialCall>,
}

#[derive(Debug, Default)]
struct PartialCall {
    index: Option<usize>,
    /// What the endpoint calls it, where it calls it anything.
    given_id: Option<String>,
    /// What we call it: the given id where one came before the call was announced.
    id: String,
    name: String,
    arguments: String,
    announced: bool,
}

impl ToolCalls {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a piece; answers what can be shown of it.
    pub(super) fn push(&mut self, delta: CallDelta) -> Vec<ModelEvent> {
        let id = delta.id.filter(|id| !id.is_empty());
        let function = delta.function.unwrap_or_default();
        let name = function.name.filter(|name| !name.is_empty());
        let position = self.position(delta.index, id.as_deref(), name.is_some());
        let position = position.unwrap_or_else(|| {
            self.calls.push(PartialCall { index: delta.index, ..PartialCall::default() });
            self.calls.len() - 1
        });
        let arguments = match function.arguments {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => String::new(),
            Some(object) => object.to_string(),
        };
        self.calls[position].push(id, name, &arguments)
    }

    /// The complete calls, in their order.
    pub(super) fn into_calls(self) -> impl Iterator<Item = ToolCall> {
        self.calls.into_iter().map(|call| ToolCall {
            id: if call.id.is_empty() { new_id() } else { call.id },
            name: call.name,
            arguments: call.arguments,
        })
    }

    /// The call a piece belongs to; none where it begins a new one.
    fn position(&self, index: Option<usize>, id: Option<&str>, named: bool) -> Option<usize> {
        let is_same = |call: &PartialCall, id| call.given_id.as_deref() == Some(id);
        if index.is_some() {
            // Gemini sends several whole calls, each with its own id, under the index 0.
            return self.calls.iter().rposition(|call| {
                call.index == index
                    && id.is_none_or(|id| call.given_id.is_none() || is_same(call, id))
            });
        }
        if let Some(id) = id {
            return self.calls.iter().rposition(|call| is_same(call, id));
        }
        // Neither index nor id: it goes on with the last call, unless that one is complete.
        let last = self.calls.last()?;
        let begins = named && serde_json::from_str::<&RawValue>(&last.arguments).is_ok();
        (!begins).then(|| self.calls.len() - 1)
    }
}

impl PartialCall {
    fn push(
        &mut self,
        id: Option<String>,
        name: Option<String>,
        arguments: &str,
    ) -> Vec<ModelEvent> {
        if let Some(id) = id {
            if !self.announced {
                self.id.clone_from(&id);
            }
            self.given_id = Some(id);
        }
        // Some repeat the name with every piece.
        if let Some(name) = name.filter(|name| *name != self.name) {
            self.name.push_str(&name);
        }
        self.arguments.push_str(arguments);
        if self.name.is_empty() {
            return Vec::new();
        }
        let mut events = Vec::new();
        let mut delta = arguments;
        if !self.announced {
            self.announced = true;
            if self.id.is_empty() {
                self.id = new_id();
            }
            events.push(ModelEvent::ToolCallStart { id: self.id.clone(), name: self.name.clone() });
            delta = &self.arguments;
        }
        if !delta.is_empty() {
            events.push(ModelEvent::ToolCallDelta { id: self.id.clone(), delta: delta.to_owned() });
        }
        events
    }
}

fn new_id() -> String {
    format!("call_{}", Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The calls these pieces make, after a look that what was shown of them is the same.
    fn calls(deltas: &[Value]) -> Vec<(String, String, String)> {
        let mut calls = ToolCalls::default();
        let mut shown: Vec<(String, String, String)> = Vec::new();
        for delta in deltas {
            for event in calls.push(serde_json::from_value(delta.clone()).unwrap()) {
                match event {
                    ModelEvent::ToolCallStart { id, name } => shown.push((id, name, String::new())),
                    ModelEvent::ToolCallDelta { id, delta } => {
                        shown.iter_mut().find(|call| call.0 == id).unwrap().2.push_str(&delta);
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        let complete: Vec<_> =
            calls.into_calls().map(|call| (call.id, call.name, call.arguments)).collect();
        assert_eq!(shown, complete);
        complete
    }

    fn owned(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.into(), name.into(), arguments.into())
    }

    #[test]
    fn pieces_of_two_calls_are_put_together() {
        let got = calls(&[
            json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}),
            json!({"index": 0, "function": {"arguments": "{\"x\":"}}),
            json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}),
            json!({"index": 0, "function": {"arguments": "1}"}}),
        ]);
        assert_eq!(got, [owned("a", "f", "{\"x\":1}"), owned("b", "g", "{}")]);
    }

    #[test]
    fn without_an_index_the_id_tells_or_the_last_call_goes_on() {
        let got = calls(&[
            json!({"id": "a", "function": {"name": "f", "arguments": "{\"x\":"}}),
            json!({"function": {"arguments": "1}"}}),
            json!({"id": "b", "function": {"name": "g", "arguments": "{\"y\":"}}),
            json!({"id": "b", "function": {"name": "g", "arguments": "2}"}}),
        ]);
        assert_eq!(got, [owned("a", "f", "{\"x\":1}"), owned("b", "g", "{\"y\":2}")]);
    }

    #[test]
    fn whole_calls_under_one_index_stay_apart() {
        let got = calls(&[
            json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}),
            json!({"index": 0, "id": "b", "function": {"name": "f", "arguments": "{}"}}),
        ]);
        assert_eq!(got, [owned("a", "f", "{}"), owned("b", "f", "{}")]);
    }

    #[test]
    fn missing_ids_are_made_up_and_objects_are_written_out() {
        let got = calls(&[
            json!({"function": {"name": "f", "arguments": {"x": 1}}}),
            json!({"function": {"name": "f", "arguments": {"x": 2}}}),
        ]);
        assert!(got[0].0.starts_with("call_") && got[0].0 != got[1].0, "{got:?}");
        assert_eq!((got[0].2.as_str(), got[1].2.as_str()), ("{\"x\":1}", "{\"x\":2}"));
    }
}
