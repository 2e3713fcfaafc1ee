//! One's own API tokens: what programs show in the place of a password.

use leptos::prelude::*;

use super::form::{BUTTON_CLASS, Field, QUIET_CLASS, Section};
use crate::language::t;

/// How many days a new token can be good for, beside for as long as nobody ends it.
const DAYS: [&str; 3] = ["30", "90", "365"];

/// Somebody's API tokens.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Those there are, the oldest first.
    pub rows: Vec<TokenRow>,
    /// The one that was just made; it is nowhere else.
    pub made: Option<String>,
}

/// A token, in words.
#[derive(Debug, Clone, Default)]
pub struct TokenRow {
    /// What it is called.
    pub name: String,
    /// What it is good for, since when and until when, and when it was used last.
    pub words: String,
}

impl Tokens {
    pub(super) fn view(self) -> AnyView {
        let Self { rows, made } = self;
        let made = made.map(|token| {
            view! {
                <div class="mt-3 rounded-xl bg-accent-soft px-4 py-3" role="status">
                    <p class="text-sm">{t().token_is_shown_once()}</p>
                    <code
                        class="mt-1 block select-all break-all text-[0.8125rem]"
                        data-testid="token-made"
                    >
                        {token}
                    </code>
                </div>
            }
        });
        let rows = rows.into_iter().map(TokenRow::view).collect_view();
        view! {
            <Section id="tokens" title=t().api_tokens()>
                <p class="mt-1 text-sm text-muted">{t().what_tokens_are()}</p>
                {made}
                <ul class="mt-3 flex flex-col gap-2">{rows}</ul>
                {form()}
            </Section>
        }
        .into_any()
    }
}

impl TokenRow {
    fn view(self) -> AnyView {
        let Self { name, words } = self;
        let label = t().end_the_token(&name);
        view! {
            <li
                class="flex items-center gap-3 rounded-xl border border-line bg-surface px-4 py-3"
                data-testid="token"
            >
                <div class="min-w-0 flex-1">
                    <p class="truncate text-sm">{name.clone()}</p>
                    <p class="text-[0.8125rem] text-muted">{words}</p>
                </div>
                <form method="post" action="/account/tokens/revoke">
                    <input type="hidden" name="token" value=name />
                    <button
                        type="submit"
                        class=QUIET_CLASS
                        data-testid="token-revoke"
                        aria-label=label
                    >
                        {t().end_it()}
                    </button>
                </form>
            </li>
        }
        .into_any()
    }
}

/// Makes a token.
fn form() -> AnyView {
    let scopes = [
        ("models", t().token_for_models(), true),
        ("agents", t().token_for_agents(), false),
        ("read", t().token_for_reading(), false),
    ];
    let scopes = scopes.map(|(name, words, checked)| {
        view! {
            <label class="mt-1.5 flex items-center gap-2 text-sm">
                <input type="checkbox" name=name value="yes" checked=checked />
                {words}
            </label>
        }
    });
    let days = DAYS.map(|days| {
        view! { <option value=days selected=days == "90">{t().count_days(days)}</option> }
    });
    view! {
        <form
            method="post"
            action="/account/tokens"
            class="mt-4 flex max-w-[24rem] flex-col gap-4"
        >
            <Field name="token" label=t().what_it_is_for() autocomplete="off" />
            <fieldset>
                <legend class="text-sm font-medium">{t().what_it_is_good_for()}</legend>
                {scopes.into_iter().collect_view()}
            </fieldset>
            <label class="text-sm font-medium">
                {t().how_long()}
                <select
                    name="days"
                    class="mt-1.5 block h-10 w-full rounded-lg border border-line bg-surface px-3 text-[0.9375rem]"
                >
                    {days.into_iter().collect_view()}
                    <option value="">{t().until_it_is_ended()}</option>
                </select>
            </label>
            <button type="submit" class=BUTTON_CLASS data-testid="token-make">
                {t().make_a_token()}
            </button>
        </form>
    }
    .into_any()
}
