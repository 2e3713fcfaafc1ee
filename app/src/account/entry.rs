//! Before somebody is signed in: the door, the first account, an invitation.

use leptos::prelude::*;
use leptos_router::location::Url;

use super::{
    Look,
    form::{BUTTON_CLASS, Field, LINK_BUTTON_CLASS, Problem},
    frame::document,
};
use crate::{components::icon::Mark, language::t};

/// The page to sign in on.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    /// The name that was typed before.
    pub name: String,
    /// Where to go afterwards.
    pub next: String,
    /// What people call the identity provider they can sign in at as well.
    pub openid: Option<String>,
    /// What went wrong.
    pub problem: Option<String>,
}

impl SignIn {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        let Self { name, next, openid, problem } = self;
        document(look, look.lang.sign_in(), || {
            let openid = openid.map(|label| {
                let address = format!("/sign-in/openid?next={}", Url::escape(&next));
                onward(t().sign_in_with(label), address)
            });
            let known = !name.is_empty();
            door(
                t().sign_in(),
                t().asks_who_you_are(),
                view! {
                    <form method="post" action="/sign-in" class="mt-7 flex flex-col gap-4">
                        <Problem text=problem />
                        <input type="hidden" name="next" value=next />
                        <Field
                            name="name"
                            label=t().name_field()
                            autocomplete="username"
                            value=name
                            first=!known
                        />
                        <Field
                            name="password"
                            label=t().password()
                            kind="password"
                            autocomplete="current-password"
                            first=known
                        />
                        <button type="submit" class=BUTTON_CLASS data-testid="sign-in">
                            {t().sign_in()}
                        </button>
                        {openid}
                    </form>
                }
                .into_any(),
            )
        })
    }
}

/// The page to make an account on: the owner's first one, or that of somebody who was invited.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// Where the form goes.
    pub action: String,
    /// Whether the code from the terminal is asked for: then it is the owner's.
    pub with_code: bool,
    /// The role an invitation gives.
    pub role: &'static str,
    /// The name that was typed before.
    pub name: String,
    /// What went wrong.
    pub problem: Option<String>,
}

impl NewAccount {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        let Self { action, with_code, role, name, problem } = self;
        let lang = look.lang;
        let (title, words) = match with_code {
            true => (lang.welcome(), lang.make_the_owners_account().to_owned()),
            false => (lang.you_are_invited(), lang.choose_name_and_password(role)),
        };
        document(look, title, || {
            door(
                title,
                words,
                view! {
                    <form method="post" action=action class="mt-7 flex flex-col gap-4">
                        <Problem text=problem />
                        {with_code
                            .then(|| {
                                view! {
                                    <Field
                                        name="code"
                                        label=t().setup_code()
                                        autocomplete="one-time-code"
                                        first=true
                                    />
                                }
                            })}
                        <Field
                            name="name"
                            label=t().name_field()
                            autocomplete="username"
                            value=name
                            first=!with_code
                        />
                        <Field
                            name="password"
                            label=t().password()
                            kind="password"
                            autocomplete="new-password"
                            hint=t().password_hint()
                        />
                        <button type="submit" class=BUTTON_CLASS data-testid="make-account">
                            {t().make_the_account()}
                        </button>
                    </form>
                }
                .into_any(),
            )
        })
    }
}

/// A page that only says something.
#[derive(Debug, Clone, Default)]
pub struct Closed {
    /// In a few words.
    pub title: &'static str,
    /// In more words.
    pub text: String,
}

impl Closed {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        let Self { title, text } = self;
        document(look, title, || {
            let back = view! {
                <a class="link mt-6 self-start text-sm" href="/">
                    {t().to_your_conversations()}
                </a>
            };
            door(title, text, back.into_any())
        })
    }
}

/// A page that leads to the identity provider, to link an account.
#[derive(Debug, Clone, Default)]
pub struct Onward {
    /// What people call it.
    pub label: String,
    /// Its address.
    pub address: String,
    /// Whether the person is only to show that it is them.
    pub proves: bool,
}

impl Onward {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        let Self { label, address, proves } = self;
        let lang = look.lang;
        let (title, words) = match proves {
            true => (lang.show_that_it_is_you(), lang.sign_in_to_show_it(&label)),
            false => (lang.link_your_account(), lang.link_to_do_that_here(&label)),
        };
        document(look, title, || {
            let link = onward(t().go_on_to(&label), address);
            let link = view! { <div class="mt-7 flex flex-col">{link}</div> };
            door(title, words, link.into_any())
        })
    }
}

/// A link to the identity provider.
fn onward(words: String, address: String) -> AnyView {
    view! {
        <a class=LINK_BUTTON_CLASS href=address data-testid="openid">
            {words}
        </a>
    }
    .into_any()
}

/// A narrow page with one thing to do.
fn door(title: &'static str, words: impl Into<String>, rest: AnyView) -> AnyView {
    view! {
        <main class="mx-auto flex min-h-dvh w-full max-w-[24rem] flex-col justify-center px-6 py-10">
            <Mark class="h-10 w-10" />
            <h1 class="mt-5 text-2xl font-semibold tracking-tight">{title}</h1>
            <p class="mt-1 text-[0.9375rem] text-muted">{words.into()}</p>
            {rest}
        </main>
    }
    .into_any()
}
