//! The small buttons under a message and beside one that waits. They are values, so that a bar is
//! drawn from one list, and one function does what any of them is for.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};

/// Does what the button of this name is for.
pub(super) type Act = Arc<dyn Fn(&'static str) + Send + Sync>;

/// A small button with an icon.
pub(super) struct BarButton {
    /// What it is called, for [`Act`] and for tests.
    pub(super) name: &'static str,
    pub(super) glyph: Glyph,
    /// What it does, in words.
    pub(super) label: &'static str,
    pub(super) disabled: bool,
    /// Whether it is on, for one that stays on.
    pub(super) pressed: Option<bool>,
}

impl BarButton {
    /// A button that can always be used.
    pub(super) fn new(name: &'static str, glyph: Glyph, label: &'static str) -> Self {
        Self { name, glyph, label, disabled: false, pressed: None }
    }

    /// Whether it can be used now.
    pub(super) fn disabled(self, disabled: bool) -> Self {
        Self { disabled, ..self }
    }

    /// Whether it is on.
    pub(super) fn pressed(self, pressed: bool) -> Self {
        Self { pressed: Some(pressed), ..self }
    }

    /// Draws it.
    pub(super) fn view(self, act: &Act) -> AnyView {
        let Self { name, glyph, label, disabled, pressed } = self;
        let act = Arc::clone(act);
        view! {
            <button
                type="button"
                class="inline-flex h-7 w-7 shrink-0 items-center justify-center rounded-md transition-colors hover:bg-hover hover:text-ink disabled:opacity-40"
                data-testid=name
                aria-label=label
                title=label
                aria-pressed=pressed.map(|on| if on { "true" } else { "false" })
                disabled=disabled
                on:click=move |_| act(name)
            >
                <Icon glyph class="h-4 w-4" />
            </button>
        }
        .into_any()
    }
}
