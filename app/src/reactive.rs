//! Effects, memos and parts of a page that are there or not, with one type each: what is made from a
//! closure is compiled once for every closure otherwise, and the browser loads all of it.

use leptos::prelude::*;

/// Runs now and whenever a signal it has read changes, in the browser.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    let mut run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(move |_| run());
}

/// A value that is worked out anew when a signal it has read changes, and told where it is another.
pub(crate) fn memo<T>(value: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let value: Box<dyn Fn() -> T + Send + Sync> = Box::new(value);
    Memo::new(move |_| value())
}

/// A part of a page that is there while `condition` holds.
pub(crate) fn when(
    condition: impl Fn() -> bool + Send + Sync + 'static,
    part: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let condition: Box<dyn Fn() -> bool + Send + Sync> = Box::new(condition);
    // It lives as long as what shows it, which may be longer than what it was made in.
    let condition = ArcMemo::new(move |_| condition());
    let part: Box<dyn Fn() -> AnyView + Send + Sync> = Box::new(part);
    (move || condition.get().then(&*part)).into_any()
}
