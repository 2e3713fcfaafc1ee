//! A tool call in a conversation that waits for a person.

use domovoi_client::chat::Decision;
use domovoi_protocol::message::ToolPart;
use leptos::prelude::*;

use crate::language::t;
use crate::{components::approval_form::approval_form, hooks::use_agent_chat::AgentChat};

/// A tool call that waits for a person.
#[component]
pub fn ApprovalCard(
    /// The call.
    tool: ToolPart,
) -> impl IntoView {
    let chat = use_context::<AgentChat>();
    let name = tool.name().to_owned();
    let call = tool.tool_call_id;
    let decide = Callback::new(move |decision: Decision| {
        if let Some(chat) = chat {
            chat.add_tool_approval(&call, decision);
        }
    });
    view! {
        <section
            class="my-3 flex flex-col gap-3 rounded-xl border border-line px-4 py-3 text-sm"
            aria-label=t().approval()
            data-testid="approval"
        >
            {approval_form(&name, tool.input, decide)}
        </section>
    }
}
