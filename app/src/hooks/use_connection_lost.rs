//! A connection that has been away for a moment.

use std::time::Duration;

use domovoi_client::ConnectionStatus;
use leptos::prelude::*;

use crate::reactive::{effect, memo};

/// Shorter losses are nobody's business.
const A_MOMENT: Duration = Duration::from_millis(1500);

/// Whether the connection has been away for more than a moment.
pub fn use_connection_lost(connection: RwSignal<ConnectionStatus>) -> Signal<bool> {
    let lost = RwSignal::new(false);
    let is_open = memo(move || connection.get() == ConnectionStatus::Open);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    effect(move || {
        cancel();
        if is_open.get() {
            lost.set(false);
        } else {
            let after = move || {
                lost.try_set(true);
            };
            timer.set_value(set_timeout_with_handle(after, A_MOMENT).ok());
        }
    });
    on_cleanup(cancel);
    lost.into()
}
