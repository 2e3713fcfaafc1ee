//! Markdown that grows: finished blocks stay as they are in the page.

use leptos::prelude::*;

use crate::reactive::{effect, memo};
use crate::{
    hooks::use_highlights::use_highlights,
    markdown::{Block, Document},
};

/// Renders Markdown.
#[component]
pub fn MarkdownView(
    /// The source.
    text: Memo<String>,
    /// Whether more may come.
    growing: Signal<bool>,
) -> impl IntoView {
    let document = Memo::new(move |before: Option<&Document>| {
        let mut document = before.cloned().unwrap_or_default();
        text.with(|text| document.update(text));
        document
    });
    let count = memo(move || document.with(|document| document.blocks().len()));
    view! {
        <div class="markdown">
            <For
                each=move || 0..count.get()
                key=|index| *index
                children=move |index| view! { <BlockView document index growing /> }
            />
        </div>
    }
}

#[component]
fn BlockView(document: Memo<Document>, index: usize, growing: Signal<bool>) -> impl IntoView {
    let highlights = use_highlights();
    let block = memo(move || {
        document.with(|document| document.blocks().get(index).cloned().unwrap_or_default())
    });
    let html = memo(move || block.get().html(|code| highlights.get(code)));
    effect(move || {
        let finished = !growing.get();
        let block: std::sync::Arc<Block> = block.get();
        for code in block.code_blocks().filter(|code| code.complete || finished) {
            highlights.request(code);
        }
    });
    view! { <div class="block" inner_html=move || html.get()></div> }
}
