//! Markdown that grows: finished blocks stay as they are in the page.

use std::sync::Arc;

use leptos::prelude::*;

use crate::reactive::{effect, memo};
use crate::{
    hooks::use_highlights::use_highlights,
    markdown::{Block, Document},
    sources::Sources,
};

/// A block as it is shown. Each has a signal of its own: an answer can have hundreds of them, and while
/// it streams in nothing is to be asked of those that are finished.
type Shown = ArcRwSignal<Arc<Block>>;

/// Renders Markdown.
#[component]
pub fn MarkdownView(
    /// The source.
    text: Memo<String>,
    /// Whether more may come.
    growing: Signal<bool>,
    /// What can be cited in it.
    sources: Memo<Sources>,
) -> impl IntoView {
    let all = StoredValue::new((Document::default(), Vec::<Shown>::new()));
    let count = memo(move || {
        let updated = all.try_update_value(|(document, shown)| {
            text.with(|text| document.update(text));
            for (index, block) in document.blocks().iter().enumerate() {
                match shown.get(index) {
                    // Those that are settled are the very same.
                    Some(known) if known.with_untracked(|known| known == block) => {}
                    Some(known) => known.set(Arc::clone(block)),
                    None => shown.push(ArcRwSignal::new(Arc::clone(block))),
                }
            }
            document.blocks().len()
        });
        updated.unwrap_or_default()
    });
    let block = move |index: usize| {
        all.with_value(|(_, shown)| shown.get(index).cloned()).unwrap_or_default()
    };
    view! {
        <div class="markdown">
            <For
                each=move || 0..count.get()
                key=|index| *index
                children=move |index| view! { <BlockView block=block(index) growing sources /> }
            />
        </div>
    }
}

#[component]
fn BlockView(block: Shown, growing: Signal<bool>, sources: Memo<Sources>) -> impl IntoView {
    let highlights = use_highlights();
    let shown = block.clone();
    effect(move || {
        let finished = !growing.get();
        let block = block.get();
        for code in block.code_blocks().filter(|code| code.complete || finished) {
            highlights.request(code);
        }
    });
    let html = move || {
        // Sources come while the answer is written: a block without citations does not ask for them.
        let cited = |marks: &str| sources.with(|sources| sources.cited(marks));
        shown.get().html_with(|code| highlights.get(code), cited)
    };
    view! { <div class="block" inner_html=html></div> }
}
