//! The thread follows its end. The scroller counts from its end (`column-reverse`): 0 is the
//! latest message, and what is above has negative places.

use leptos::{html, prelude::*, web_sys};

/// Nearer than this, in pixels, is at the end.
const NEAR: i32 = 80;

/// Farther than this, in screens, nobody follows where the thread goes.
const SMOOTH_SCREENS: i32 = 4;

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

    /// Goes to the end; from far away at once, since what lies between would be drawn on the way.
    pub fn jump(&self, smoothly: bool) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let is_far = -scroller.scroll_top() > SMOOTH_SCREENS * scroller.client_height();
        let options = web_sys::ScrollToOptions::new();
        options.set_top(0.0);
        options.set_behavior(if smoothly && !is_far && !prefers_stillness() {
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
