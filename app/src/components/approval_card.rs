//! A tool call that waits for a person: what it would do, and the answer to it.

use domovoi_client::chat::Decision;
use domovoi_protocol::message::ToolPart;
use leptos::prelude::*;
use serde_json::Value;

use crate::{
    components::icon::{Glyph, Icon},
    hooks::use_agent_chat::AgentChat,
    words::{pretty, tool_name},
};

const APPROVE_CLASS: &str = "inline-flex h-9 items-center rounded-lg bg-accent px-3.5 text-sm font-medium text-on-accent transition-opacity hover:opacity-90";

const REJECT_CLASS: &str = "inline-flex h-9 items-center rounded-lg px-3.5 text-sm font-medium text-muted transition-colors hover:bg-hover hover:text-ink";

/// A tool call that waits for a person.
#[component]
pub fn ApprovalCard(
    /// The call.
    tool: ToolPart,
) -> impl IntoView {
    let chat = use_context::<AgentChat>();
    let name = tool_name(tool.name());
    let arguments = RwSignal::new(tool.input.as_ref().map(pretty).unwrap_or_default());
    let reason = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let original = StoredValue::new(tool.input);
    let call = StoredValue::new(tool.tool_call_id);
    let decide = move |approved: bool| {
        let edited = match edited(&arguments.read_untracked(), &original.read_value()) {
            Ok(edited) => edited,
            Err(error) if approved => return problem.set(Some(error)),
            Err(_) => None,
        };
        let reason = Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty());
        if let Some(chat) = chat {
            let decision = Decision { approved, reason, input: edited };
            chat.add_tool_approval(&call.read_value(), decision);
        }
    };
    view! {
        <section
            class="my-3 flex flex-col gap-3 rounded-xl border border-line px-4 py-3 text-sm"
            aria-label="Approval"
            data-testid="approval"
        >
            <p class="flex items-center gap-2">
                <Icon glyph=Glyph::Wrench class="h-4 w-4 shrink-0 text-muted" />
                <span>"May I run " <b class="font-medium">{name}</b> "?"</span>
            </p>
            <label class="flex flex-col gap-1 text-xs text-muted">
                "With these arguments"
                <textarea
                    class="scroller w-full rounded-lg border border-line bg-surface px-3 py-2 font-mono text-[0.8125rem] leading-relaxed text-ink"
                    rows="4"
                    spellcheck="false"
                    data-testid="approval-arguments"
                    prop:value=arguments
                    on:input:target=move |event| {
                        problem.set(None);
                        arguments.set(event.target().value());
                    }
                />
            </label>
            <label class="flex flex-col gap-1 text-xs text-muted">
                "A word on your decision, for the model and for the record"
                <input
                    class="h-9 w-full rounded-lg border border-line bg-surface px-3 text-sm text-ink"
                    data-testid="approval-reason"
                    prop:value=reason
                    on:input:target=move |event| reason.set(event.target().value())
                />
            </label>
            {move || problem.get().map(|text| view! { <p class="text-danger" role="alert">{text}</p> })}
            <div class="flex gap-2">
                <button
                    type="button"
                    class=APPROVE_CLASS
                    data-testid="approve"
                    on:click=move |_| decide(true)
                >
                    "Approve"
                </button>
                <button
                    type="button"
                    class=REJECT_CLASS
                    data-testid="reject"
                    on:click=move |_| decide(false)
                >
                    "Reject"
                </button>
            </div>
        </section>
    }
}

/// The arguments as the person has left them, where they are others than the model's.
fn edited(text: &str, original: &Option<Value>) -> Result<Option<Value>, String> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => Ok(Some(value).filter(|value| Some(value) != original.as_ref())),
        Err(error) => Err(format!("The arguments are not valid JSON: {error}.")),
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
