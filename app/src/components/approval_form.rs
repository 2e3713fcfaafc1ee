//! A question to a person: what a tool would do, and the answer to it.

use domovoi_client::chat::Decision;
use leptos::prelude::*;
use serde_json::Value;

use crate::language::t;
use crate::{
    components::work::{
        PRIMARY_BUTTON_CLASS, ROW_CLASS, SECONDARY_BUTTON_CLASS, alert, button, group, line_field,
        text_field,
    },
    words::{pretty, tool_name},
};

/// Asks whether a tool may run; `decide` takes the answer.
#[must_use]
pub fn approval_form(name: &str, input: Option<Value>, decide: Callback<Decision>) -> Vec<AnyView> {
    let name = tool_name(name);
    let arguments = RwSignal::new(input.as_ref().map(pretty).unwrap_or_default());
    let reason = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let original = StoredValue::new(input);
    let answer = move |approved: bool| {
        let input = match edited(&arguments.read_untracked(), &original.read_value()) {
            Ok(edited) => edited,
            Err(error) if approved => return problem.set(Some(error)),
            Err(_) => None,
        };
        problem.set(None);
        let reason = Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty());
        decide.run(Decision { approved, reason, input });
    };
    let (approve, reject) =
        (Callback::new(move |()| answer(true)), Callback::new(move |()| answer(false)));
    vec![
        view! { <p>{t().may_i_run()} <b class="font-medium">{name}</b> {t().may_i_run_end()}</p> }
            .into_any(),
        text_field(t().with_these_arguments(), "approval-arguments", arguments),
        line_field(
            Signal::stored(t().word_on_decision()),
            Signal::stored("text"),
            "approval-reason",
            reason,
        ),
        alert(problem.into()),
        group(
            ROW_CLASS,
            "",
            vec![
                button(PRIMARY_BUTTON_CLASS, t().approve().to_owned(), "approve", approve),
                button(SECONDARY_BUTTON_CLASS, t().reject().to_owned(), "reject", reject),
            ],
        ),
    ]
}

/// The arguments as the person has left them, where they are others than the model's.
fn edited(text: &str, original: &Option<Value>) -> Result<Option<Value>, String> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => Ok(Some(value).filter(|value| Some(value) != original.as_ref())),
        Err(error) => Err(t().arguments_are_not_json(error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::edited;

    #[test]
    fn only_arguments_that_were_changed_are_sent() {
        let original = Some(json!({"path": "a"}));
        assert_eq!(edited("{ \"path\": \"a\" }", &original), Ok(None));
        assert_eq!(edited("{\"path\":\"b\"}", &original), Ok(Some(json!({"path": "b"}))));
        assert!(edited("{", &original).unwrap_err().contains("not valid JSON"));
    }
}
