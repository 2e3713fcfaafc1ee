//! A tool call: its name and state in one line; arguments and result when unfolded.

use domovoi_protocol::message::{ToolPart, ToolState};
use leptos::prelude::*;

use crate::language::t;
use crate::{
    components::{
        approval_card::ApprovalCard,
        icon::{Glyph, Icon},
    },
    words::{pretty, tool_name},
};

fn state_words(tool: &ToolPart) -> &'static str {
    match tool.state {
        // What a tool shows before its answer.
        ToolState::OutputAvailable if tool.is_preliminary() => t().running(),
        ToolState::InputStreaming => t().preparing(),
        ToolState::InputAvailable | ToolState::ApprovalResponded => t().running(),
        ToolState::ApprovalRequested => t().waiting_for_your_answer(),
        ToolState::OutputAvailable => t().tool_done(),
        ToolState::OutputError => t().failed(),
        ToolState::OutputDenied => t().declined(),
    }
}

/// A tool call.
#[component]
pub fn ToolCard(
    /// The call.
    tool: Memo<Option<ToolPart>>,
) -> impl IntoView {
    move || {
        tool.get().map(|tool| {
            if tool.state == ToolState::ApprovalRequested {
                return view! { <ApprovalCard tool /> }.into_any();
            }
            let failed = tool.state == ToolState::OutputError;
            let icon = match tool.state {
                ToolState::InputStreaming | ToolState::InputAvailable => "h-4 w-4 shrink-0 text-muted pulse",
                _ => "h-4 w-4 shrink-0 text-muted",
            };
            view! {
                <details class="fold my-3 overflow-hidden rounded-xl border border-line text-sm" data-testid="tool">
                    <summary class="flex items-center gap-2 px-3 py-2 transition-colors hover:bg-hover">
                        <Icon glyph=Glyph::Wrench class=icon />
                        <span class="truncate font-medium">{tool_name(tool.name())}</span>
                        <span class=if failed { "text-danger" } else { "text-muted" }>
                            {state_words(&tool)}
                        </span>
                        <Icon glyph=Glyph::ChevronRight class="chevron ml-auto h-3.5 w-3.5 shrink-0 text-faint" />
                    </summary>
                    <div class="flex flex-col gap-3 border-t border-line px-3 py-3">
                        <Field label=t().arguments() text=tool.input.as_ref().map(pretty) />
                        <Field label=t().result() text=tool.output.as_ref().map(pretty) />
                        <Field label=t().error() text=tool.error_text />
                    </div>
                </details>
            }
            .into_any()
        })
    }
}

#[component]
fn Field(label: &'static str, text: Option<String>) -> impl IntoView {
    text.map(|text| {
        view! {
            <div class="min-w-0">
                <p class="text-xs text-muted">{label}</p>
                <pre class="scroller mt-1 max-h-64 overflow-auto whitespace-pre-wrap break-words font-mono text-[0.8125rem] leading-relaxed">
                    {text}
                </pre>
            </div>
        }
    })
}
