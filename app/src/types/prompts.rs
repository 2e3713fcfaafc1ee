//! Prompts that a person keeps, to use again.

use serde::{Deserialize, Serialize};

/// Agent type of prompts; there is one instance, `default`.
pub const PROMPTS_AGENT: &str = "prompts";

/// Most prompts.
pub const MAX_PROMPTS: usize = 100;

/// Longest name of a prompt, in characters.
pub const MAX_PROMPT_NAME: usize = 60;

/// Longest text of a prompt, in characters.
pub const MAX_PROMPT_TEXT: usize = 8000;

/// A prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Its id, a UUID.
    pub id: String,
    /// What it is found by.
    pub name: String,
    /// What it puts into the text field; `{{a name}}` in it is filled in each time.
    pub text: String,
}

/// State of the agent `prompts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptsState {
    /// All prompts, by their names.
    pub prompts: Vec<Prompt>,
}
