//! What an answer is kept to, as its request has it.

use crate::worker::protocol::Constraint;
use crate::{ModelError, ModelMessage, ModelRequest, ResponseFormat, ToolChoice};

/// What the answer to this request is kept to; none where anything goes.
///
/// A model this small calls tools again and again, so it answers results in words, and answers
/// that have a form have it at once. Who insists on a call gets it.
///
/// # Errors
/// Fails with [`ModelError::Unsupported`] where a tool must be called that was not offered.
pub(super) fn constraint(request: &ModelRequest) -> Result<Option<Constraint>, ModelError> {
    let mut tools = request.tools.clone();
    let required = match &request.tool_choice {
        ToolChoice::Required => true,
        ToolChoice::Tool(name) => {
            tools.retain(|tool| tool.name == *name);
            if tools.is_empty() {
                return Err(ModelError::Unsupported(format!(
                    "The tool `{name}` must be called but is not among those offered."
                )));
            }
            true
        }
        ToolChoice::Auto => {
            if matches!(request.messages.last(), Some(ModelMessage::Tool { .. }))
                || request.response_format.is_some()
            {
                tools.clear();
            }
            false
        }
        ToolChoice::None => {
            tools.clear();
            false
        }
    };
    if !tools.is_empty() {
        return Ok(Some(Constraint::Call { tools, required }));
    }
    Ok(request.response_format.as_ref().map(|ResponseFormat::JsonSchema { schema, .. }| {
        Constraint::Json { schema: schema.clone() }
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ToolDefinition;

    fn request() -> ModelRequest {
        let tool = |name: &str| ToolDefinition {
            name: name.into(),
            description: String::new(),
            parameters: json!({"type": "object"}),
        };
        let mut request = ModelRequest::new(vec![ModelMessage::User { content: "Hi".into() }]);
        request.tools = vec![tool("a"), tool("b")];
        request
    }

    fn called(request: &ModelRequest) -> Option<(usize, bool)> {
        match constraint(request).unwrap()? {
            Constraint::Call { tools, required } => Some((tools.len(), required)),
            Constraint::Json { .. } => None,
        }
    }

    #[test]
    fn tools_are_offered_until_one_has_answered() {
        let mut request = request();
        assert_eq!(called(&request), Some((2, false)));
        request.messages.push(ModelMessage::Tool { tool_call_id: "1".into(), content: "4".into() });
        assert_eq!(called(&request), None);
        request.tool_choice = ToolChoice::Required;
        assert_eq!(called(&request), Some((2, true)));
        request.tool_choice = ToolChoice::Tool("b".into());
        assert_eq!(called(&request), Some((1, true)));
        request.tool_choice = ToolChoice::Tool("c".into());
        assert!(matches!(constraint(&request), Err(ModelError::Unsupported(_))));
        request.tool_choice = ToolChoice::None;
        assert_eq!(called(&request), None);
    }

    #[test]
    fn an_answer_with_a_form_has_it_at_once() {
        let mut request = request();
        let schema = json!({"type": "string"});
        request.response_format =
            Some(ResponseFormat::JsonSchema { name: "a".into(), schema: schema.clone() });
        assert_eq!(constraint(&request).unwrap(), Some(Constraint::Json { schema }));
    }
}
