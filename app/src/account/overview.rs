//! One's own account: password, sessions, and the people of this server for those who look after
//! them.

use leptos::prelude::*;

use super::{
    Household, Look, Tokens,
    form::{BUTTON_CLASS, Done, Field, HEADING_CLASS, Problem, QUIET_CLASS, Section},
    frame::document,
    household::role_name,
};
use crate::language::t;

/// The page of an account.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// What the person is called.
    pub name: String,
    /// What they are.
    pub role: &'static str,
    /// Where they are signed in, this one among them.
    pub sessions: Vec<SessionRow>,
    /// API tokens of theirs.
    pub tokens: Tokens,
    /// Everybody, where the person looks after others.
    pub household: Option<Household>,
    /// What people call the identity provider, where there is one.
    pub openid: Option<String>,
    /// Whether the account is linked with an identity there.
    pub openid_linked: bool,
    /// Whether the person can sign in with a password.
    pub has_password: bool,
    /// Whether somebody without a password has shown a moment ago that it is them.
    pub proven: bool,
    /// What was just done.
    pub done: Option<String>,
    /// What just went wrong.
    pub problem: Option<String>,
}

/// A session, in words.
#[derive(Debug, Clone, Default)]
pub struct SessionRow {
    /// Its id.
    pub id: i64,
    /// The browser.
    pub browser: String,
    /// The same, as it calls itself.
    pub user_agent: String,
    /// When it began.
    pub began: String,
    /// When it was used last.
    pub seen: String,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

impl Overview {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        document(look, look.lang.account(), || self.view())
    }

    fn view(self) -> AnyView {
        let Self { name, role, sessions, tokens, household, done, problem, openid, .. } = self;
        let ways =
            Ways { linked: self.openid_linked, password: self.has_password, proven: self.proven };
        let password = password(&name, openid.as_deref(), ways);
        let openid = openid.map(|label| open_id(&label, ways));
        view! {
            <main class="mx-auto w-full max-w-[44rem] px-5 py-10">
                <a class="link text-sm" href="/">
                    {t().to_your_conversations()}
                </a>
                <div class="mt-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
                    <div class="min-w-0">
                        <h1 class="truncate text-2xl font-semibold tracking-tight">{name}</h1>
                        <p class="text-sm text-muted">{role_name(role)}</p>
                    </div>
                    <div class="flex flex-wrap items-center gap-2">
                        <a class=QUIET_CLASS href="/usage">
                            {t().usage()}
                        </a>
                        <a class=QUIET_CLASS href="/shares">
                            {t().shared_links()}
                        </a>
                        <form method="post" action="/sign-out">
                            <button type="submit" class=QUIET_CLASS data-testid="sign-out">
                                {t().sign_out()}
                            </button>
                        </form>
                    </div>
                </div>
                <div class="mt-6 flex flex-col gap-3">
                    <Problem text=problem />
                    <Done text=done />
                </div>
                <Sessions sessions />
                {password}
                {openid}
                {tokens.view()}
                {household.map(Household::view)}
            </main>
        }
        .into_any()
    }
}

#[component]
fn Sessions(sessions: Vec<SessionRow>) -> impl IntoView {
    view! {
        <section class="mt-8" aria-labelledby="sessions">
            <h2 id="sessions" class=HEADING_CLASS>
                {t().where_you_are_signed_in()}
            </h2>
            <ul class="mt-3 flex flex-col gap-2">
                {sessions
                    .into_iter()
                    .map(|session| {
                        let SessionRow { id, browser, user_agent, began, seen, is_this } = session;
                        view! {
                            <li
                                class="flex items-center gap-3 rounded-xl border border-line bg-surface px-4 py-3"
                                data-testid="session"
                            >
                                <div class="min-w-0 flex-1">
                                    <p class="truncate text-sm" title=user_agent>
                                        {browser}
                                    </p>
                                    <p class="text-[0.8125rem] text-muted">
                                        {t().since_and_last_used(&began, &seen)}
                                    </p>
                                </div>
                                {if is_this {
                                    view! {
                                        <span class="shrink-0 text-sm text-muted">{t().this_one()}</span>
                                    }
                                        .into_any()
                                } else {
                                    view! {
                                        <form
                                            method="post"
                                            action=format!("/account/sessions/{id}/revoke")
                                        >
                                            <button
                                                type="submit"
                                                class=QUIET_CLASS
                                                data-testid="session-revoke"
                                            >
                                                {t().end_it()}
                                            </button>
                                        </form>
                                    }
                                        .into_any()
                                }}
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </section>
    }
}

/// How somebody can sign in.
#[derive(Clone, Copy)]
struct Ways {
    /// With an identity at the provider.
    linked: bool,
    /// With a password.
    password: bool,
    /// They have shown a moment ago, at the provider, that it is them.
    proven: bool,
}

/// Linking the account with an identity, and the other way.
fn open_id(label: &str, ways: Ways) -> AnyView {
    let words = match ways.linked {
        true => t().you_can_sign_in_with(label),
        false => t().sign_in_with_beside_your_password(label),
    };
    let button = match (ways.linked, ways.password) {
        (true, true) => Some(("/account/openid/unlink", t().unlink_it())),
        (false, true) => Some(("/account/openid", t().link_it())),
        (_, false) => ways.proven.then(|| ("/account/openid", t().link_another())),
    };
    let button = button.map(|(action, words)| one_button(action, "openid-link", words));
    view! {
        <Section id="openid" title=t().identity_provider()>
            <p class="mt-1 text-sm text-muted">{words}</p>
            {button}
        </Section>
    }
    .into_any()
}

fn one_button(action: &'static str, test: &'static str, words: &'static str) -> AnyView {
    view! {
        <form method="post" action=action class="mt-4">
            <button type="submit" class=QUIET_CLASS data-testid=test>
                {words}
            </button>
        </form>
    }
    .into_any()
}

/// Another password; or the first, for who has shown otherwise that it is them.
fn password(name: &str, openid: Option<&str>, ways: Ways) -> Option<AnyView> {
    let (words, button) = match (ways, openid) {
        (Ways { password: true, .. }, _) => (t().a_new_one_ends_the_others(), t().change_it()),
        (Ways { proven: true, .. }, _) => (t().a_new_one_ends_the_others(), t().set_a_password()),
        (_, Some(label)) => {
            let words = t().no_password_yet(label);
            let section = view! {
                <Section id="password" title=t().password()>
                    <p class="mt-1 text-sm text-muted">{words}</p>
                    {one_button("/account/openid/prove", "openid-prove", t().sign_in_once_more())}
                </Section>
            };
            return Some(section.into_any());
        }
        (_, None) => return None,
    };
    let name = name.to_owned();
    let present = ways.password.then(|| {
        view! {
            <Field
                name="present"
                label=t().present_password()
                kind="password"
                autocomplete="current-password"
            />
        }
    });
    let section = view! {
        <Section id="password" title=t().password()>
            <p class="mt-1 text-sm text-muted">{words}</p>
            <form method="post" action="/account/password" class="mt-4 flex max-w-[24rem] flex-col gap-4">
                // For password managers.
                <input type="hidden" name="username" autocomplete="username" value=name />
                {present}
                <Field
                    name="new"
                    label=t().new_password()
                    kind="password"
                    autocomplete="new-password"
                    hint=t().password_hint()
                />
                <button type="submit" class=BUTTON_CLASS data-testid="password-change">
                    {button}
                </button>
            </form>
        </Section>
    };
    Some(section.into_any())
}
