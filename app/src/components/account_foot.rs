//! Who is signed in, at the foot of the list; nothing where nobody has to.

use leptos::prelude::*;

use crate::hooks::use_workspace::use_workspace;

const ITEM_CLASS: &str =
    "rounded-lg px-2 py-1.5 text-sm text-muted transition-colors hover:bg-hover hover:text-ink";

/// A link to the account, and the way out. Both are pages of the server's, outside of this one.
#[component]
pub fn AccountFoot() -> impl IntoView {
    let account = use_workspace().account.get_value();
    account.map(|name| {
        view! {
            <div class="flex shrink-0 items-center gap-1 border-t border-line px-3 py-2">
                <a
                    class=format!("{ITEM_CLASS} min-w-0 flex-1 truncate")
                    href="/account"
                    rel="external"
                    data-testid="account"
                    aria-label=format!("Account of {name}")
                >
                    {name.clone()}
                </a>
                <form method="post" action="/sign-out">
                    <button type="submit" class=ITEM_CLASS data-testid="sign-out">
                        "Sign out"
                    </button>
                </form>
            </div>
        }
    })
}
