//! Everybody's accounts, for those who look after them: people, invitations, what happened.

use leptos::prelude::*;

use super::form::{BUTTON_CLASS, DANGER_CLASS, QUIET_CLASS, Section};
use crate::language::t;

const SELECT_CLASS: &str = "h-8 rounded-lg border border-line bg-surface px-2 text-sm";

/// Everybody, for those who look after them.
#[derive(Debug, Clone, Default)]
pub struct Household {
    /// Everybody who has an account.
    pub people: Vec<PersonRow>,
    /// Invitations that can be used.
    pub invitations: Vec<InvitationRow>,
    /// The link of an invitation that was just made; it is nowhere else.
    pub link: Option<String>,
    /// Roles the person may give by invitation.
    pub roles: Vec<&'static str>,
    /// What happened, newest first.
    pub log: Vec<AuditLine>,
}

/// Somebody.
#[derive(Debug, Clone, Default)]
pub struct PersonRow {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What they are.
    pub role: &'static str,
    /// Roles they can be given by whoever looks at it.
    pub roles: Vec<&'static str>,
    /// Whether they can be removed by them.
    pub removable: bool,
}

/// An invitation.
#[derive(Debug, Clone, Default)]
pub struct InvitationRow {
    /// Its id.
    pub id: i64,
    /// What it gives, who made it, until when it can be used.
    pub words: String,
    /// Whether it can be taken back by whoever looks at it.
    pub revocable: bool,
}

/// A line of the log.
#[derive(Debug, Clone, Default)]
pub struct AuditLine {
    /// When.
    pub at: String,
    /// Who did what to whom, and from where.
    pub words: String,
}

impl Household {
    pub(super) fn view(self) -> AnyView {
        let Self { people, invitations, link, roles, log } = self;
        view! {
            <Section id="people" title=t().people()>
                <ul class="mt-3 flex flex-col gap-2">
                    {people.into_iter().map(PersonRow::view).collect_view()}
                </ul>
            </Section>
            <Invitations invitations link roles />
            <Log log />
        }
        .into_any()
    }
}

impl PersonRow {
    fn view(self) -> AnyView {
        let Self { id, name, role, roles, removable } = self;
        let label = t().role_of(&name);
        let (question, key) = (t().remove_name(&name), name.clone());
        view! {
            <li
                class="rounded-xl border border-line bg-surface px-4 py-3"
                data-testid="person"
                data-name=key
            >
                <div class="flex flex-wrap items-center gap-3">
                    <p class="min-w-0 flex-1 truncate text-sm font-medium">{name}</p>
                    {if roles.is_empty() {
                        view! { <span class="text-sm text-muted">{role_name(role)}</span> }.into_any()
                    } else {
                        view! {
                            <form
                                method="post"
                                action=format!("/account/people/{id}/role")
                                class="flex items-center gap-2"
                            >
                                <Roles roles role=role label />
                                <button type="submit" class=QUIET_CLASS data-testid="person-role">
                                    {t().set_it()}
                                </button>
                            </form>
                        }
                            .into_any()
                    }}
                </div>
                {removable
                    .then(|| {
                        view! {
                            <details class="mt-2">
                                <summary class="foldable text-sm text-danger">{question}</summary>
                                <form
                                    method="post"
                                    action=format!("/account/people/{id}/remove")
                                    class="mt-2 flex flex-wrap items-center gap-3"
                                >
                                    <p class="min-w-0 flex-1 text-sm text-muted">
                                        {t().what_removing_means()}
                                    </p>
                                    <button
                                        type="submit"
                                        class=DANGER_CLASS
                                        data-testid="person-remove"
                                    >
                                        {t().remove()}
                                    </button>
                                </form>
                            </details>
                        }
                    })}
            </li>
        }
        .into_any()
    }
}

/// A role in the page's language; what is none is itself.
#[must_use]
pub fn role_name(role: &str) -> String {
    let name = match role {
        "owner" => t().owner(),
        "admin" => t().admin(),
        "member" => t().member(),
        other => other,
    };
    name.to_owned()
}

#[component]
fn Roles(roles: Vec<&'static str>, role: &'static str, label: String) -> impl IntoView {
    view! {
        <select name="role" class=SELECT_CLASS aria-label=label>
            {roles
                .into_iter()
                .map(|it| view! { <option value=it selected=it == role>{role_name(it)}</option> })
                .collect_view()}
        </select>
    }
}

#[component]
fn Invitations(
    invitations: Vec<InvitationRow>,
    link: Option<String>,
    roles: Vec<&'static str>,
) -> impl IntoView {
    let label = t().role_of_the_invited().to_owned();
    view! {
        <Section id="invitations" title=t().invitations()>
            <p class="mt-1 text-sm text-muted">
                {t().what_an_invitation_is()}
            </p>
            {link
                .map(|link| {
                    view! {
                        <div class="mt-3 rounded-xl bg-accent-soft px-4 py-3">
                            <p class="text-sm">{t().give_this_link()}</p>
                            <code
                                class="mt-1 block select-all break-all text-[0.8125rem]"
                                data-testid="invitation-link"
                            >
                                {link}
                            </code>
                        </div>
                    }
                })}
            <ul class="mt-3 flex flex-col gap-2">
                {invitations
                    .into_iter()
                    .map(|InvitationRow { id, words, revocable }| {
                        view! {
                            <li
                                class="flex items-center gap-3 rounded-xl border border-line bg-surface px-4 py-3"
                                data-testid="invitation"
                            >
                                <p class="min-w-0 flex-1 text-sm">{words}</p>
                                {revocable
                                    .then(|| {
                                        view! {
                                            <form
                                                method="post"
                                                action=format!("/account/invitations/{id}/revoke")
                                            >
                                                <button type="submit" class=QUIET_CLASS>
                                                    {t().take_back()}
                                                </button>
                                            </form>
                                        }
                                    })}
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
            <form
                method="post"
                action="/account/invitations"
                class="mt-4 flex flex-wrap items-center gap-3"
            >
                <Roles roles role="member" label />
                <button type="submit" class=BUTTON_CLASS data-testid="invite">
                    {t().make_an_invitation()}
                </button>
            </form>
        </Section>
    }
}

#[component]
fn Log(log: Vec<AuditLine>) -> impl IntoView {
    view! {
        <Section id="log" title=t().what_happened()>
            <ul class="mt-3 flex flex-col gap-1" data-testid="audit">
                {log
                    .into_iter()
                    .map(|AuditLine { at, words }| {
                        view! {
                            <li class="flex gap-3 text-[0.8125rem]">
                                <span class="shrink-0 text-muted">{at}</span>
                                <span class="min-w-0 flex-1">{words}</span>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </Section>
    }
}
