//! Parts of a page, fields, buttons and notices.

use leptos::prelude::*;

/// A field to write in.
pub(super) const INPUT_CLASS: &str =
    "mt-1.5 block h-10 w-full rounded-lg border border-line bg-surface px-3 text-[0.9375rem]";

/// What a page is for.
pub(super) const BUTTON_CLASS: &str = "inline-flex h-10 items-center justify-center rounded-lg bg-accent px-4 text-sm font-medium text-on-accent";

/// Something one can do beside that.
pub(super) const QUIET_CLASS: &str = "inline-flex h-8 shrink-0 items-center justify-center rounded-lg border border-line bg-surface px-3 text-sm transition-colors hover:bg-hover";

/// Another way to do what a page is for.
pub(super) const LINK_BUTTON_CLASS: &str = "inline-flex h-10 items-center justify-center rounded-lg border border-line bg-surface px-4 text-sm font-medium transition-colors hover:bg-hover";

/// Something that cannot be undone.
pub(super) const DANGER_CLASS: &str = "inline-flex h-8 shrink-0 items-center justify-center rounded-lg bg-danger-soft px-3 text-sm font-medium text-danger";

/// What a part of a page is about.
pub(super) const HEADING_CLASS: &str = "text-lg font-semibold tracking-tight";

/// A part of a page, with a heading.
#[component]
pub fn Section(
    /// The heading's id.
    id: &'static str,
    /// What it is called on the page.
    title: &'static str,
    /// What is below it.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="mt-10 border-t border-line pt-8" aria-labelledby=id>
            <h2 id=id class=HEADING_CLASS>
                {title}
            </h2>
            {children()}
        </section>
    }
}

/// A line of text with its label.
#[component]
pub fn Field(
    /// The name in the form, and the field's id.
    name: &'static str,
    /// What the label says.
    label: &'static str,
    /// What kind of field it is.
    #[prop(default = "text")]
    kind: &'static str,
    /// What password managers know it by.
    autocomplete: &'static str,
    /// What is in it.
    #[prop(optional, into)]
    value: String,
    /// What is expected, below it.
    #[prop(optional)]
    hint: &'static str,
    /// Whether the page begins here.
    #[prop(optional)]
    first: bool,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    let described = (!hint.is_empty()).then(|| hint_id.clone());
    view! {
        <div>
            <label class="text-sm font-medium" for=name>
                {label}
            </label>
            <input
                id=name
                name=name
                type=kind
                class=INPUT_CLASS
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                value=value
                required=true
                autofocus=first
                aria-describedby=described
            />
            {(!hint.is_empty())
                .then(|| {
                    view! {
                        <p id=hint_id class="mt-1 text-[0.8125rem] text-muted">
                            {hint}
                        </p>
                    }
                })}
        </div>
    }
}

/// What went wrong, where something did.
#[component]
pub fn Problem(
    /// In words.
    text: Option<String>,
) -> impl IntoView {
    text.map(|text| {
        view! {
            <p
                class="rounded-lg bg-danger-soft px-3 py-2 text-sm text-danger"
                role="alert"
                data-testid="problem"
            >
                {text}
            </p>
        }
    })
}

/// What was done, where something was.
#[component]
pub fn Done(
    /// In words.
    text: Option<String>,
) -> impl IntoView {
    text.map(|text| {
        view! {
            <p
                class="rounded-lg bg-accent-soft px-3 py-2 text-sm"
                role="status"
                data-testid="done"
            >
                {text}
            </p>
        }
    })
}
