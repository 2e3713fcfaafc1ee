//! How the connection of the open conversation stands: a dot, and words when it matters.

use domovoi_client::ConnectionStatus;
use leptos::prelude::*;

use crate::hooks::use_workspace::use_workspace;
use crate::language::t;
use crate::reactive::when;

/// The state's name in `data-state`.
fn state_name(status: ConnectionStatus) -> &'static str {
    match status {
        ConnectionStatus::Connecting => "connecting",
        ConnectionStatus::Open => "open",
        ConnectionStatus::Reconnecting { .. } => "reconnecting",
        ConnectionStatus::Closed => "closed",
    }
}

/// The state in words.
fn state_words(status: ConnectionStatus) -> &'static str {
    match status {
        ConnectionStatus::Connecting => t().connecting(),
        ConnectionStatus::Open => t().connected(),
        ConnectionStatus::Reconnecting { .. } => t().reconnecting(),
        ConnectionStatus::Closed => t().disconnected(),
    }
}

/// A dot in the header.
#[component]
pub fn ConnectionDot() -> impl IntoView {
    let status = use_workspace().connection;
    view! {
        <span
            class="inline-flex h-6 w-6 shrink-0 items-center justify-center"
            role="img"
            data-testid="connection-state"
            data-state=move || state_name(status.get())
            aria-label=move || state_words(status.get())
            title=move || state_words(status.get())
        >
            <span class=move || match status.get() {
                ConnectionStatus::Open => "h-2 w-2 rounded-full bg-good",
                ConnectionStatus::Closed => "h-2 w-2 rounded-full bg-danger",
                _ => "h-2 w-2 rounded-full bg-faint pulse",
            }></span>
        </span>
    }
}

/// A line above the composer, once the connection has been away for a moment.
#[component]
pub fn ConnectionBanner(
    /// Whether the connection has been away long enough to say so.
    lost: Signal<bool>,
) -> impl IntoView {
    let status = use_workspace().connection;
    view! {
        <div role="status" aria-live="polite">
            {when(move || lost.get(), move || { view! {
                <p class="mb-2 text-center text-sm text-muted">
                    {move || match status.get() {
                        ConnectionStatus::Closed => {
                            t().connection_is_closed()
                        }
                        _ => t().reconnecting_now(),
                    }}
                </p>
            }.into_any() })}
        </div>
    }
}
