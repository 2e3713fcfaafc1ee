//! Who is signed in, at the foot of the list; where nobody has to, what was used.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::hooks::use_workspace::use_workspace;
use crate::language::t;

const LINK_CLASS: &str = "flex h-9 min-w-0 flex-1 items-center gap-2.5 rounded-lg px-2 text-sm text-muted transition-colors hover:bg-hover hover:text-ink";

/// A link to the account, and the way out. Both are pages of the server's, outside of this one.
pub fn account_foot() -> AnyView {
    let account = use_workspace().account.get_value();
    let Some(name) = account else {
        return view! {
            <a class=LINK_CLASS href="/usage" rel="external" data-testid="usage">
                <Icon glyph=Glyph::Chart class="h-4 w-4 shrink-0" />
                {t().usage()}
            </a>
        }
        .into_any();
    };
    let label = t().account_of(&name);
    view! {
        <a
            class=LINK_CLASS
            href="/account"
            rel="external"
            data-testid="account"
            aria-label=label
        >
            <Icon glyph=Glyph::Person class="h-4 w-4 shrink-0" />
            <span class="truncate">{name}</span>
        </a>
        <form method="post" action="/sign-out">
            <button
                type="submit"
                class="h-9 rounded-lg px-2 text-sm text-muted transition-colors hover:bg-hover hover:text-ink"
                data-testid="sign-out"
            >
                {t().sign_out()}
            </button>
        </form>
    }
    .into_any()
}
