//! The thread follows its end. The scroller counts from its end (`column-reverse`): 0 is the
//! latest message, and what is above has negative places.

use leptos::{html, prelude::*, web_sys};

/// Nearer than this, in pixels, is at the end.
const NEAR: i32 = 80;

/// Whether the thread shows its end.
#[derive(Clone, Copy)]
pub struct StickToEnd {
    /// Whether the end is in view.
    pub at_end: RwSignal<bool>,
    scroller: NodeRef<html::Div>,
}

/// Follows a scroller.
pub fn use_stick_to_end(scroller: NodeRef<html::Div>) -> StickToEnd {
    StickToEnd { at_end: RwSignal::new(true), scroller }
}

impl StickToEnd {
    /// The scroller was scrolled.
    pub fn scrolled(&self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            let at_end = scroller.scroll_top() > -NEAR;
            if at_end != self.at_end.get_untracked() {
                self.at_end.set(at_end);
            }
        }
    }

    /// Goes to the end.
    pub fn jump(&self, smoothly: bool) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let options = web_sys::ScrollToOptions::new();
        options.set_top(0.0);
        options.set_behavior(if smoothly && !prefers_stillness() {
            web_sys::ScrollBehavior::Smooth
        } else {
            web_sys::ScrollBehavior::Instant
        });
        scroller.scroll_to_with_scroll_to_options(&options);
    }
}

fn prefers_stillness() -> bool {
    window()
        .match_media("(prefers-reduced-motion: reduce)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}
