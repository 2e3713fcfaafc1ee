//! What the pages of agents at work are made of. Each piece is one type, whatever is in it: the
//! browser loads it once.

use leptos::prelude::*;
use serde_json::Value;

use crate::language::t;
use crate::{
    address::{Section, path_of},
    hooks::{use_composer::use_growing, use_workspace::use_workspace},
    reactive::when,
};

/// A button that does what the page is for.
pub(crate) const PRIMARY_BUTTON_CLASS: &str = "inline-flex h-9 items-center self-start rounded-lg bg-accent px-3.5 text-sm font-medium text-on-accent transition-opacity hover:opacity-90";

/// A button beside it.
pub(crate) const SECONDARY_BUTTON_CLASS: &str = "inline-flex h-9 items-center self-start rounded-lg border border-line px-3.5 text-sm font-medium transition-colors hover:bg-hover";

/// A button that takes something away.
const DANGER_BUTTON_CLASS: &str = "inline-flex h-9 items-center self-start rounded-lg bg-danger-soft px-3.5 text-sm font-medium text-danger";

/// A link to the page that this one belongs to.
const BACK_CLASS: &str =
    "inline-flex h-9 items-center self-start text-sm text-muted transition-colors hover:text-ink";

/// What a page is for.
pub(crate) const INTRODUCTION_CLASS: &str = "text-sm text-muted";

/// A line to write in.
pub(crate) const FIELD_CLASS: &str =
    "h-9 w-full rounded-lg border border-line bg-surface px-3 text-sm text-ink";

/// A text to write.
const TEXT_CLASS: &str = "scroller max-h-[24rem] w-full rounded-lg border border-line bg-surface px-3 py-2 font-mono text-[0.8125rem] leading-relaxed text-ink";

/// What a field is called, above it.
pub(crate) const LABEL_CLASS: &str = "flex flex-col gap-1 text-xs text-muted";

/// One thing in a list.
pub(crate) const CARD_CLASS: &str =
    "flex min-w-0 flex-col gap-3 rounded-xl border border-line px-4 py-3 text-sm";

/// Things beside each other.
pub(crate) const ROW_CLASS: &str = "flex flex-wrap items-center gap-x-3 gap-y-1";

/// Something smaller.
pub(crate) const SMALL_CLASS: &str = "text-xs text-muted";

/// What a list is about.
pub(crate) const HEADING_CLASS: &str = "mt-3 font-medium";

/// Text as it was written.
pub(crate) const PLAIN_CLASS: &str = "whitespace-pre-wrap break-words";

/// Code or data.
pub(crate) const CODE_CLASS: &str = "scroller max-h-64 overflow-auto whitespace-pre-wrap break-words font-mono text-[0.8125rem] leading-relaxed";

/// Something that went wrong.
const ALERT_CLASS: &str = "text-sm text-danger";

/// The page below the header.
pub(crate) fn page(label: &'static str, children: Vec<AnyView>) -> AnyView {
    view! {
        <section
            class="scroller min-h-0 flex-1 overflow-y-auto px-4 pb-10 md:px-6"
            aria-label=label
        >
            <div class="mx-auto flex w-full max-w-[46rem] flex-col gap-3 py-2">{children}</div>
        </section>
    }
    .into_any()
}

/// A box with things in it. `test` is what tests call it.
pub(crate) fn group(class: &'static str, test: &'static str, children: Vec<AnyView>) -> AnyView {
    view! { <div class=class data-testid=test>{children}</div> }.into_any()
}

/// A line of text.
pub(crate) fn line(class: &'static str, text: String) -> AnyView {
    view! { <p class=class>{text}</p> }.into_any()
}

/// A line of text that changes.
pub(crate) fn live(class: &'static str, text: impl Fn() -> String + Send + 'static) -> AnyView {
    let text: Box<dyn Fn() -> String + Send> = Box::new(text);
    view! { <p class=class>{text}</p> }.into_any()
}

/// What a list is about.
pub(crate) fn heading(text: String) -> AnyView {
    view! { <h2 class=HEADING_CLASS>{text}</h2> }.into_any()
}

/// A button.
pub(crate) fn button(
    class: &'static str,
    label: String,
    test: &'static str,
    press: Callback<()>,
) -> AnyView {
    view! {
        <button type="button" class=class data-testid=test on:click=move |_| press.run(())>
            {label}
        </button>
    }
    .into_any()
}

/// A button that takes something away, once it was pressed and what that means was agreed to.
pub(crate) fn remove(
    what: &'static str,
    meaning: &'static str,
    test: &'static str,
    press: Callback<()>,
) -> AnyView {
    let asks = RwSignal::new(false);
    let begin = Callback::new(move |()| asks.update(|asks| *asks = !*asks));
    let leave = Callback::new(move |()| asks.set(false));
    let sure = move || {
        let parts = vec![
            line("text-sm", meaning.to_owned()),
            button(DANGER_BUTTON_CLASS, what.to_owned(), test, press),
            button(SECONDARY_BUTTON_CLASS, t().keep_it().to_owned(), "keep", leave),
        ];
        group(ROW_CLASS, "", parts)
    };
    let first = button(SECONDARY_BUTTON_CLASS, format!("{what}\u{2026}"), "delete", begin);
    group("contents", "", vec![first, when(move || asks.get(), sure)])
}

/// What looks like a button and leads somewhere.
pub(crate) fn link(class: &'static str, label: String, test: &'static str, to: String) -> AnyView {
    view! { <a class=class href=to data-testid=test>{label}</a> }.into_any()
}

/// A link to the page that this one belongs to.
pub(crate) fn back(label: &str, test: &'static str, to: Section) -> AnyView {
    link(BACK_CLASS, format!("\u{2190} {label}"), test, to.place().0.to_owned())
}

/// What went wrong, where something did.
pub(crate) fn alert(problem: Signal<Option<String>>) -> AnyView {
    (move || problem.get().map(|text| view! { <p class=ALERT_CLASS role="alert">{text}</p> }))
        .into_any()
}

/// A text to write, in several lines.
pub(crate) fn text_field(
    label: &'static str,
    test: &'static str,
    value: RwSignal<String>,
) -> AnyView {
    let field = NodeRef::new();
    use_growing(field, value);
    view! {
        <label class=LABEL_CLASS>
            {label}
            <textarea
                node_ref=field
                class=TEXT_CLASS
                rows="3"
                spellcheck="false"
                data-testid=test
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            />
        </label>
    }
    .into_any()
}

/// A line to write.
pub(crate) fn line_field(
    label: Signal<&'static str>,
    kind: Signal<&'static str>,
    test: &'static str,
    value: RwSignal<String>,
) -> AnyView {
    view! {
        <label class=LABEL_CLASS>
            {label}
            <input
                class=FIELD_CLASS
                type=kind
                data-testid=test
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            />
        </label>
    }
    .into_any()
}

/// What folds: `summary` says what is in it.
pub(crate) fn fold(
    class: &'static str,
    test: &'static str,
    open: bool,
    summary: AnyView,
    children: Vec<AnyView>,
) -> AnyView {
    view! {
        <details class=class data-testid=test open=open>
            <summary class="foldable">{summary}</summary>
            {children}
        </details>
    }
    .into_any()
}

/// A view for each key, kept while the key is there.
pub(crate) fn each(
    keys: Signal<Vec<String>>,
    draw: impl Fn(String) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let draw = Callback::new(draw);
    let children = move |key| draw.run(key);
    view! { <For each=move || keys.get() key=String::clone children=children /> }.into_any()
}

/// A conversation by its title.
pub(crate) fn conversation_link(id: &str) -> AnyView {
    let conversation = use_workspace().conversations.find(id.to_owned());
    let words = move || {
        conversation.get().map_or_else(|| t().conversation().to_owned(), |found| found.title)
    };
    view! { <a class="link min-w-0 truncate" href=path_of(id)>{words}</a> }.into_any()
}

/// The text in a field of a value; empty where there is none.
pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

/// The entries of a list in a field of a value.
pub(crate) fn entries<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list in a field of a value.
pub(crate) fn texts(value: &Value, field: &str) -> Vec<String> {
    entries(value, field).iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

/// The ids of the entries of a list.
pub(crate) fn ids(list: RwSignal<Value>, field: &'static str) -> Signal<Vec<String>> {
    let ids = move |_: Option<&Vec<String>>| {
        list.with(|list| entries(list, field).iter().map(|entry| text(entry, "id")).collect())
    };
    Memo::new(ids).into()
}

/// The entry of a list with this id; `Null` where there is none.
pub(crate) fn entry(list: RwSignal<Value>, field: &'static str, id: &str) -> Value {
    list.with(|list| {
        let found = entries(list, field).iter().find(|entry| entry["id"] == id);
        found.cloned().unwrap_or_default()
    })
}
