//! A stream's chunks as types. Everything is optional: endpoints leave out, rename and add.

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    choices: Option<Vec<Choice>>,
    pub(super) usage: Option<ChunkUsage>,
    /// Perplexity, which cites them by their places.
    search_results: Option<Vec<Page>>,
    /// The same of older ones: addresses alone.
    citations: Option<Vec<Value>>,
    /// An error in the middle of a stream that began with HTTP 200.
    error: Option<Value>,
    /// vLLM's errors are objects of the type `error` without another one inside.
    object: Option<String>,
    message: Option<Value>,
    code: Option<Value>,
}

impl Chunk {
    /// The error object, where the chunk is one.
    pub(super) fn error(&mut self) -> Option<Value> {
        if let Some(error) = self.error.take().filter(|error| !error.is_null()) {
            return Some(error);
        }
        (self.object.as_deref() == Some("error")).then(|| {
            let fields = [("message", self.message.take()), ("code", self.code.take())];
            let known =
                fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(known.collect::<Map<_, _>>())
        })
    }

    /// What the answer rests on, where that is said beside the choice.
    pub(super) fn sources(&mut self) -> Vec<Page> {
        let citations = self.citations.take().into_iter().flatten();
        let addresses = citations.filter_map(|url| Some(Page::at(url.as_str()?)));
        self.search_results.take().unwrap_or_else(|| addresses.collect())
    }

    /// The one choice that was asked for.
    pub(super) fn choice(&mut self) -> Option<Choice> {
        self.choices.take()?.into_iter().next()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    delta: Option<Delta>,
    /// The whole answer, from endpoints that do not stream although they were asked to.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

impl Choice {
    /// What is new, and why the answer ended where it did.
    pub(super) fn into_parts(self) -> (Option<Delta>, Option<String>) {
        (self.delta.or(self.message), self.finish_reason.filter(|reason| !reason.is_empty()))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    pub(super) content: Option<Content>,
    pub(super) refusal: Option<String>,
    /// DeepSeek, llama.cpp, vLLM.
    pub(super) reasoning_content: Option<String>,
    /// OpenRouter, Ollama, Groq.
    pub(super) reasoning: Option<String>,
    pub(super) tool_calls: Option<Vec<CallDelta>>,
    /// OpenAI, OpenRouter.
    pub(super) annotations: Option<Vec<Annotation>>,
}

/// What a part of the text is drawn from; only pages are known.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Annotation {
    pub(super) url_citation: Option<Page>,
}

/// A page of the web.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    pub(super) url: Option<String>,
    pub(super) title: Option<String>,
}

impl Page {
    fn at(url: &str) -> Self {
        Self { url: Some(url.to_owned()), title: None }
    }
}

/// Text by the book; Mistral's reasoning models send parts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
    /// Something unheard of.
    Other(#[allow(dead_code, reason = "it is read to be skipped")] Value),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ContentPart {
    Text { text: String },
    Thinking { thinking: Vec<ContentPart> },
    Other(#[allow(dead_code, reason = "it is read to be skipped")] Value),
}

impl Content {
    /// Its text and its reasoning.
    pub(super) fn into_text(self) -> (String, String) {
        match self {
            Self::Text(text) => (text, String::new()),
            Self::Parts(parts) => {
                let (mut text, mut reasoning) = (String::new(), String::new());
                for part in parts {
                    part.append_to(&mut text, &mut reasoning);
                }
                (text, reasoning)
            }
            Self::Other(_) => (String::new(), String::new()),
        }
    }
}

impl ContentPart {
    fn append_to(self, text: &mut String, reasoning: &mut String) {
        match self {
            Self::Text { text: more } => text.push_str(&more),
            Self::Thinking { thinking } => {
                let mut ignored = String::new();
                thinking.into_iter().for_each(|part| part.append_to(reasoning, &mut ignored));
            }
            Self::Other(_) => {}
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallDelta {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionDelta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionDelta {
    pub(super) name: Option<String>,
    /// Text by the book; some send the object itself.
    pub(super) arguments: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChunkUsage {
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
}
