//! What time it is.

use std::time::Duration;

use leptos::prelude::*;

use crate::reactive::effect;

/// How often it is looked at: ages are told in minutes.
const ROUND: Duration = Duration::from_secs(20);

/// What time it is, in milliseconds since 1970. It begins with the page's, so that the browser
/// draws what the server has.
pub fn use_clock(first: i64) -> ReadSignal<i64> {
    let (now, set_now) = signal(first);
    let look = move || {
        set_now.try_set(js_sys::Date::now() as i64);
    };
    effect(move || {
        look();
        if let Ok(timer) = set_interval_with_handle(look, ROUND) {
            on_cleanup(move || timer.clear());
        }
    });
    now
}
