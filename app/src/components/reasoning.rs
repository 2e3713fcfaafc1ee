//! What a model thought before it answered: folded away.

use leptos::prelude::*;

use crate::components::{
    icon::{Glyph, Icon},
    markdown_view::MarkdownView,
};
use crate::{language::t, sources::Sources};

/// A model's reasoning.
#[component]
pub fn Reasoning(
    /// The reasoning, as Markdown.
    text: Memo<String>,
    /// Whether the model is still at it.
    growing: Signal<bool>,
    /// What can be cited in it.
    sources: Memo<Sources>,
) -> impl IntoView {
    view! {
        <details class="fold my-2 text-muted">
            <summary class="inline-flex items-center gap-1.5 rounded-md py-0.5 text-sm transition-colors hover:text-ink">
                <Icon glyph=Glyph::ChevronRight class="chevron h-3.5 w-3.5" />
                {move || if growing.get() { t().thinking() } else { t().thoughts() }}
            </summary>
            <div class="mt-1 border-l-2 border-line pl-4 text-sm">
                <MarkdownView text growing sources />
            </div>
        </details>
    }
}
