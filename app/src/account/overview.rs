//! One's own account: password, sessions, and the people of this server for those who look after
//! them.

use leptos::prelude::*;

use super::{
    Household, Look,
    entry::PASSWORD_HINT,
    form::{BUTTON_CLASS, Done, Field, HEADING_CLASS, Problem, QUIET_CLASS, Section},
    frame::document,
};

/// The page of an account.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// What the person is called.
    pub name: String,
    /// What they are.
    pub role: &'static str,
    /// Where they are signed in, this one among them.
    pub sessions: Vec<SessionRow>,
    /// Everybody, where the person looks after others.
    pub household: Option<Household>,
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
    /// The browser as it calls itself.
    pub browser: String,
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
        document(look, "Account", || self.view())
    }

    fn view(self) -> AnyView {
        let Self { name, role, sessions, household, done, problem } = self;
        view! {
            <main class="mx-auto w-full max-w-[44rem] px-5 py-10">
                <a class="link text-sm" href="/">
                    "To your conversations"
                </a>
                <div class="mt-4 flex flex-wrap items-center justify-between gap-3">
                    <div class="min-w-0">
                        <h1 class="truncate text-2xl font-semibold tracking-tight">{name.clone()}</h1>
                        <p class="text-sm text-muted">{role}</p>
                    </div>
                    <a class=QUIET_CLASS href="/usage">
                        "Usage"
                    </a>
                    <a class=QUIET_CLASS href="/shares">
                        "Shared links"
                    </a>
                    <form method="post" action="/sign-out">
                        <button type="submit" class=QUIET_CLASS data-testid="sign-out">
                            "Sign out"
                        </button>
                    </form>
                </div>
                <div class="mt-6 flex flex-col gap-3">
                    <Problem text=problem />
                    <Done text=done />
                </div>
                <Sessions sessions />
                <Password name />
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
                "Where you are signed in"
            </h2>
            <ul class="mt-3 flex flex-col gap-2">
                {sessions
                    .into_iter()
                    .map(|session| {
                        let SessionRow { id, browser, began, seen, is_this } = session;
                        view! {
                            <li
                                class="flex items-center gap-3 rounded-xl border border-line bg-surface px-4 py-3"
                                data-testid="session"
                            >
                                <div class="min-w-0 flex-1">
                                    <p class="truncate text-sm">{browser}</p>
                                    <p class="text-[0.8125rem] text-muted">
                                        {format!("since {began}, last used {seen}")}
                                    </p>
                                </div>
                                {if is_this {
                                    view! {
                                        <span class="shrink-0 text-sm text-muted">"this one"</span>
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
                                                "End"
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

#[component]
fn Password(name: String) -> impl IntoView {
    view! {
        <Section id="password" title="Password">
            <p class="mt-1 text-sm text-muted">
                "A new one ends your other sessions."
            </p>
            <form method="post" action="/account/password" class="mt-4 flex max-w-[24rem] flex-col gap-4">
                // For password managers.
                <input type="hidden" name="username" autocomplete="username" value=name />
                <Field
                    name="present"
                    label="Present password"
                    kind="password"
                    autocomplete="current-password"
                />
                <Field
                    name="new"
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    hint=PASSWORD_HINT
                />
                <button type="submit" class=BUTTON_CLASS data-testid="password-change">
                    "Change it"
                </button>
            </form>
        </Section>
    }
}
