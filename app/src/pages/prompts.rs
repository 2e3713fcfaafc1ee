//! Prompts that the person keeps: made, changed and deleted here, used in conversations.

use leptos::prelude::*;
use serde_json::{Value, json};

use crate::language::t;
use crate::reactive::{effect, memo};
use crate::{
    components::work::{
        CARD_CLASS, INTRODUCTION_CLASS, PLAIN_CLASS, PRIMARY_BUTTON_CLASS, ROW_CLASS,
        SECONDARY_BUTTON_CLASS, SMALL_CLASS, alert, button, each, entry, group, ids, line,
        line_field, live, page, remove, text, text_field,
    },
    hooks::{
        use_agent::{Agent, problem_of, use_agent},
        use_workspace::use_workspace,
    },
    types::prompts::PROMPTS_AGENT,
};

const NAME_CLASS: &str = "min-w-0 break-words font-semibold";

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Desk {
    agent: Agent<Value>,
    list: RwSignal<Value>,
    /// The prompt that is changed, by its id; a new one where that is empty.
    edited: RwSignal<Option<String>>,
    problem: RwSignal<Option<String>>,
}

/// A `PromptsState`.
pub(super) fn prompts_page(initial: Value) -> AnyView {
    let agent = use_agent(PROMPTS_AGENT, "default", initial.clone());
    let list = RwSignal::new(initial);
    let (edited, problem) = (RwSignal::new(None::<String>), RwSignal::new(None));
    let desk = Desk { agent, list, edited, problem };
    let workspace = use_workspace();
    effect(move || workspace.connection.set(agent.connection.get()));
    effect(move || list.set(agent.state.get()));
    let is_new = memo(move || edited.with(|edited| edited.as_deref() == Some("")));
    let new = move || match is_new.get() {
        true => desk.form(""),
        false => {
            let begin = Callback::new(move |()| edited.set(Some(String::new())));
            button(PRIMARY_BUTTON_CLASS, t().new_prompt().to_owned(), "prompt-new", begin)
        }
    };
    let none = move || {
        let none = list.with(|list| list["prompts"].as_array().is_none_or(Vec::is_empty));
        if none { t().no_prompts_yet() } else { "" }.to_owned()
    };
    let parts = vec![
        line(INTRODUCTION_CLASS, t().prompts_are_for().to_owned()),
        new.into_any(),
        alert(problem.into()),
        live(SMALL_CLASS, none),
        each(ids(list, "prompts"), move |id| desk.prompt(id)),
    ];
    page(t().prompts(), parts)
}

impl Desk {
    fn prompt(self, id: String) -> AnyView {
        let id = StoredValue::new(id);
        let is_edited =
            memo(move || self.edited.with(|edited| edited.as_ref() == Some(&id.read_value())));
        let prompt = memo(move || entry(self.list, "prompts", &id.read_value()));
        let shown = move || match is_edited.get() {
            true => self.form(&id.read_value()),
            false => prompt.with(|prompt| self.card(id, prompt)),
        };
        shown.into_any()
    }

    fn card(self, id: StoredValue<String>, prompt: &Value) -> AnyView {
        let edit = Callback::new(move |()| self.edited.set(Some(id.get_value())));
        let delete = Callback::new(move |()| {
            self.agent.tell("remove", vec![id.get_value().into()], self.problem);
        });
        let actions = vec![
            button(SECONDARY_BUTTON_CLASS, t().edit().to_owned(), "prompt-edit", edit),
            remove(t().delete(), t().it_is_gone_then(), "prompt-delete", delete),
        ];
        let parts = vec![
            line(NAME_CLASS, text(prompt, "name")),
            line(PLAIN_CLASS, text(prompt, "text")),
            group(ROW_CLASS, "", actions),
        ];
        group(CARD_CLASS, "prompt", parts)
    }

    /// A form for a prompt; what is wrong is said in it.
    fn form(self, id: &str) -> AnyView {
        let prompt = untrack(|| entry(self.list, "prompts", id));
        let name = RwSignal::new(text(&prompt, "name"));
        let words = RwSignal::new(text(&prompt, "text"));
        let problem = RwSignal::new(None::<String>);
        let id = id.to_owned();
        let close = Callback::new(move |()| self.edited.set(None));
        let save = Callback::new(move |()| {
            let new = json!({
                "id": id, "name": name.get_untracked(), "text": words.get_untracked(),
            });
            let then = move |done: Result<Value, domovoi_client::ClientError>| match done {
                Ok(_) => close.run(()),
                Err(error) => {
                    problem.try_set(Some(problem_of(error)));
                }
            };
            self.agent.ask("save", vec![new], Box::new(then));
        });
        let actions = vec![
            button(PRIMARY_BUTTON_CLASS, t().save().to_owned(), "prompt-save", save),
            button(SECONDARY_BUTTON_CLASS, t().cancel().to_owned(), "prompt-cancel", close),
        ];
        let parts = vec![
            line_field(
                Signal::stored(t().name_field()),
                Signal::stored("text"),
                "prompt-name",
                name,
            ),
            text_field(t().text(), "prompt-text", words),
            alert(problem.into()),
            group(ROW_CLASS, "", actions),
        ];
        group(CARD_CLASS, "prompt-form", parts)
    }
}
