//! The prompts that are offered above the text field.

use leptos::prelude::*;

use crate::language::t;
use crate::{
    components::choice::{Choice, keep_in_sight},
    hooks::use_prompts::Prompts,
    reactive::when,
};

/// What the list is called by the field.
pub(super) const LIST_ID: &str = "prompts";

/// The list, while there is something to offer.
pub(super) fn prompt_list(prompts: Prompts) -> AnyView {
    keep_in_sight(prompts.active, option_id);
    let options = move || {
        let found = prompts.found.get().into_iter().enumerate();
        let option = |(index, (label, hint))| {
            let choice = Choice { id: option_id(index), label, hint, index };
            choice.view(prompts.active, Callback::new(move |()| prompts.choose(index)))
        };
        found.map(option).collect_view()
    };
    when(
        move || prompts.found.with(|found| !found.is_empty()),
        move || {
            view! {
                <ul
                    id=LIST_ID
                    role="listbox"
                    class="scroller absolute inset-x-0 bottom-full z-10 mb-2 max-h-[17rem] overflow-y-auto rounded-2xl border border-line bg-surface p-2 shadow-md"
                    aria-label=t().prompts()
                    data-testid="prompt-list"
                >
                    {options}
                </ul>
            }
            .into_any()
        },
    )
}

/// The option that the field says is the active one.
pub(super) fn option_id(index: usize) -> String {
    format!("prompt-{index}")
}
