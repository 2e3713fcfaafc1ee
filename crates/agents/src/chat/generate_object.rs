//! A model's answer as a value of a type.

use domovoi_models::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelMessage, ModelRequest, ResponseFormat,
};
use futures::StreamExt;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;

/// Longest name of a schema.
const MAX_NAME: usize = 64;

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The model could not answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The limit on tokens came before the end of the JSON.
    #[error("The model's answer was cut off at the limit of tokens, in the middle of its JSON.")]
    CutOff,
    /// The model said something else, twice.
    #[error("The model's answer is not what was asked for: {0}")]
    Shape(String),
}

/// Asks a model for a value of the type `T`: a prompt, a conversation, or a whole [`ModelRequest`],
/// whose response format becomes the schema of `T` and whose tools are left out.
///
/// The embedded model cannot write anything else. Endpoints take the schema as strict where every
/// field is required and no others are allowed (`#[serde(deny_unknown_fields)]` says so). What does
/// not fit all the same is told to the model, once, so that it can mend it. Schemas of endpoints
/// are those of objects: put an enum or a list into a struct.
///
/// ```
/// use domovoi_agents::{chat::generate_object, prelude::*};
/// use domovoi_models::testing::{Script, ScriptedModel};
///
/// #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
/// struct City {
///     name: String,
///     inhabitants: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let answer = r#"{"name": "Oslo", "inhabitants": 717710}"#;
/// let model = ScriptedModel::new([Script::new().text(answer).stop()]);
/// let city: City = generate_object(&model, "The capital of Norway").await.unwrap();
/// assert_eq!(city, City { name: "Oslo".into(), inhabitants: 717_710 });
/// # }
/// ```
///
/// # Errors
/// [`ObjectError::Model`] where the model fails, [`ObjectError::CutOff`] where its answer is longer
/// than `max_tokens`, [`ObjectError::Shape`] where its second answer does not fit either.
pub async fn generate_object<T: JsonSchema + DeserializeOwned>(
    model: &dyn LanguageModel,
    request: impl Into<ModelRequest>,
) -> Result<T, ObjectError> {
    let mut request = request.into();
    request.tools = Vec::new();
    request.response_format = Some(format_of::<T>());
    let text = answer(model, request.clone()).await?;
    let error = match read(&text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    tracing::debug!(model = model.name(), "an answer that does not fit its schema is asked again");
    let repair = format!(
        "That does not fit: {error}. Answer again, with JSON that fits the schema and nothing else."
    );
    request.messages.extend([
        ModelMessage::Assistant { content: text, tool_calls: Vec::new() },
        ModelMessage::User { content: repair.into() },
    ]);
    read(&answer(model, request).await?).map_err(ObjectError::Shape)
}

fn format_of<T: JsonSchema>() -> ResponseFormat {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let name = T::schema_name();
    let name = name.chars().map(|letter| if allowed(letter) { letter } else { '_' });
    ResponseFormat::JsonSchema {
        name: name.take(MAX_NAME).collect(),
        schema: SchemaGenerator::default().into_root_schema_for::<T>().to_value(),
    }
}

/// The text of a whole answer.
async fn answer(model: &dyn LanguageModel, request: ModelRequest) -> Result<String, ObjectError> {
    let mut events = model.stream(request).await?;
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event? {
            ModelEvent::Text(more) => text.push_str(&more),
            ModelEvent::Finish { reason: FinishReason::Length, .. } => {
                return Err(ObjectError::CutOff);
            }
            ModelEvent::Finish { .. } => return Ok(text),
            _ => {}
        }
    }
    Err(ModelError::Interrupted(None).into())
}

/// Reads JSON. Models that are not kept to a schema like to put it into a fence.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = text.trim();
    let fenced = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let json = fenced.map_or(text, |inside| inside.trim_start_matches("json"));
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use domovoi_models::testing::{Script, ScriptedModel};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct City {
        name: String,
        inhabitants: u32,
    }

    fn oslo() -> City {
        City { name: "Oslo".into(), inhabitants: 7 }
    }

    #[tokio::test]
    async fn what_does_not_fit_is_told_once_and_mended() {
        let wrong = r#"{"name": "Oslo", "inhabitants": "many"}"#;
        let right = "```json\n{\"name\": \"Oslo\", \"inhabitants\": 7}\n```";
        let model = ScriptedModel::new([
            Script::new().text(wrong).stop(),
            Script::new().text(right).stop(),
        ]);
        let city: City = generate_object(&model, "A city").await.unwrap();
        assert_eq!(city, oslo());
        let requests = model.requests();
        assert!(requests.iter().all(|request| {
            let Some(ResponseFormat::JsonSchema { name, schema }) = &request.response_format else {
                return false;
            };
            name == "City" && schema["properties"]["inhabitants"]["type"] == "integer"
        }));
        let [_, ModelMessage::Assistant { content, .. }, ModelMessage::User { content: repair }] =
            requests[1].messages.as_slice()
        else {
            panic!("{requests:?}");
        };
        assert_eq!(content, wrong);
        let repair = repair.text();
        assert!(repair.contains("inhabitants: invalid type: string \"many\""), "{repair}");
    }

    #[tokio::test]
    async fn a_second_answer_that_does_not_fit_is_an_error() {
        let script = || Script::new().text("Oslo, I think.").stop();
        let model = ScriptedModel::new([script(), script()]);
        let error = generate_object::<City>(&model, "A city").await.unwrap_err();
        assert!(matches!(error, ObjectError::Shape(why) if why.contains("expected value")));
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_off_says_so() {
        let finish = ModelEvent::Finish { reason: FinishReason::Length, usage: None };
        let model = ScriptedModel::new([Script::new().text("{\"name\": \"Os").event(finish)]);
        let error = generate_object::<City>(&model, "A city").await.unwrap_err();
        assert!(matches!(error, ObjectError::CutOff), "{error}");
    }
}
