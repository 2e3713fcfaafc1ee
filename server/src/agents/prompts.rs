//! Prompts that a person keeps: the state of one instance, so that every tab sees every change.

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
};
use domovoi_agents::prelude::*;
use domovoi_app::types::prompts::{
    MAX_PROMPT_NAME, MAX_PROMPT_TEXT, MAX_PROMPTS, Prompt, PromptsState,
};
use http::{Method, StatusCode};

use super::{one_line, server_only, sub_path};

/// The prompts.
#[derive(Default)]
pub(crate) struct Prompts;

#[agent(state = PromptsState)]
impl Prompts {
    fn validate_state(
        &self,
        _cx: &Context<Self>,
        _state: &PromptsState,
        source: &StateSource,
    ) -> Result<()> {
        server_only(source, "prompts are changed by calls")
    }

    /// `GET list.json`: all of them, for who asks once and need not hear of changes.
    async fn on_request(&self, cx: &Context<Self>, request: Request) -> Result<Response> {
        Ok(match (request.method(), sub_path(request.uri())) {
            (&Method::GET, "list.json") => Json(PromptsState::clone(&cx.state())).into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        })
    }

    /// Keeps a prompt, in the place of the one with its id; a new one where the id is empty.
    #[callable]
    fn save(&self, cx: &Context<Self>, prompt: Prompt) -> Result<()> {
        Ok(cx.update_state(|state| keep(state, prompt))??)
    }

    /// Deletes a prompt.
    #[callable]
    fn remove(&self, cx: &Context<Self>, id: String) -> Result<()> {
        cx.update_state(|state| state.prompts.retain(|prompt| prompt.id != id))?;
        Ok(())
    }
}

fn keep(state: &mut PromptsState, prompt: Prompt) -> std::result::Result<(), String> {
    let name = one_line(&prompt.name);
    let text = prompt.text.trim().to_owned();
    let same = |other: &Prompt| other.name.to_lowercase() == name.to_lowercase();
    if name.is_empty() || text.is_empty() {
        return Err("A prompt needs a name and a text.".to_owned());
    }
    if name.chars().count() > MAX_PROMPT_NAME {
        return Err(format!("The name of a prompt has at most {MAX_PROMPT_NAME} characters."));
    }
    if text.chars().count() > MAX_PROMPT_TEXT {
        return Err(format!("A prompt has at most {MAX_PROMPT_TEXT} characters."));
    }
    if state.prompts.iter().any(|other| other.id != prompt.id && same(other)) {
        return Err("There is a prompt of this name already.".to_owned());
    }
    let count = state.prompts.len();
    match state.prompts.iter_mut().find(|other| other.id == prompt.id) {
        Some(kept) => (kept.name, kept.text) = (name, text),
        None if !prompt.id.is_empty() => {
            return Err("There is no such prompt any more.".to_owned());
        }
        None if count >= MAX_PROMPTS => {
            return Err(format!("There can be {MAX_PROMPTS} prompts at most."));
        }
        None => {
            let id = uuid::Uuid::now_v7().to_string();
            state.prompts.push(Prompt { id, name, text });
        }
    }
    state.prompts.sort_by_cached_key(|prompt| prompt.name.to_lowercase());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(id: &str, name: &str, text: &str) -> Prompt {
        Prompt { id: id.to_owned(), name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn prompts_are_kept_by_name_and_changed_by_id() {
        let mut state = PromptsState::default();
        keep(&mut state, prompt("", " Weekly  report", " Write {{what}}. ")).unwrap();
        keep(&mut state, prompt("", "mail", "Dear {{name}}")).unwrap();
        let names: Vec<_> = state.prompts.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["mail", "Weekly report"]);
        assert_eq!(state.prompts[1].text, "Write {{what}}.");
        let id = state.prompts[0].id.clone();
        keep(&mut state, prompt(&id, "Mail", "Hello {{name}}")).unwrap();
        assert_eq!((state.prompts.len(), state.prompts[0].text.as_str()), (2, "Hello {{name}}"));
        let (long_name, long_text) = ("x".repeat(61), "x".repeat(MAX_PROMPT_TEXT + 1));
        for (id, name, text, problem) in [
            ("", " ", "x", "needs a name"),
            ("", "x", "\n", "and a text"),
            ("", "MAIL", "x", "already"),
            ("", &long_name, "x", "60 characters"),
            ("", "x", &long_text, "8000 characters"),
            ("gone", "x", "x", "any more"),
        ] {
            let error = keep(&mut state, prompt(id, name, text)).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
        for index in state.prompts.len()..MAX_PROMPTS {
            keep(&mut state, prompt("", &index.to_string(), "x")).unwrap();
        }
        assert!(keep(&mut state, prompt("", "more", "x")).unwrap_err().contains("100 prompts"));
    }
}
