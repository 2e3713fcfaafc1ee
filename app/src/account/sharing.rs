//! Making links to conversations, and taking them back.

use leptos::prelude::*;

use super::{
    Look,
    form::{BUTTON_CLASS, DANGER_CLASS, Done, HEADING_CLASS, Problem},
    frame::document,
};
use crate::{address::path_of, language::t};

/// The page that makes a link to a conversation.
#[derive(Debug, Clone, Default)]
pub struct NewShare {
    /// The conversation's id.
    pub conversation: String,
    /// Its title.
    pub title: String,
    /// Where the link may end: ids of messages with their first words, the newest first.
    pub ends: Vec<(String, String)>,
    /// The link that was just made.
    pub link: Option<String>,
    /// What went wrong.
    pub problem: Option<String>,
}

impl NewShare {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        document(look, look.lang.share_a_conversation(), || self.view())
    }

    fn view(self) -> AnyView {
        let Self { conversation, title, ends, link, problem } = self;
        let back = path_of(&conversation);
        let made = link.map(|link| {
            view! {
                <div class="mt-6 rounded-xl bg-accent-soft px-4 py-3" role="status">
                    <p class="text-sm">
                        {t().whoever_has_the_link()}
                    </p>
                    <code class="mt-1 block select-all break-all text-[0.8125rem]" data-testid="share-link">
                        {link}
                    </code>
                </div>
            }
        });
        view! {
            <main class="mx-auto w-full max-w-[44rem] px-5 py-10">
                <a class="link text-sm" href=back>
                    {t().back_to_the_conversation()}
                </a>
                <h1 class="mt-4 break-words text-2xl font-semibold tracking-tight">{title}</h1>
                <p class="mt-1 text-[0.9375rem] text-muted">
                    {t().what_a_link_shows()}
                </p>
                {made}
                <form method="post" action="/shares" class="mt-6 flex flex-col gap-4">
                    <Problem text=problem />
                    <input type="hidden" name="conversation" value=conversation />
                    <div>
                        <label class="text-sm font-medium" for="until">
                            {t().up_to()}
                        </label>
                        <select
                            id="until"
                            name="until"
                            class="mt-1.5 block h-10 w-full rounded-lg border border-line bg-surface px-3 text-[0.9375rem]"
                        >
                            <option value="">{t().the_end_as_it_is_now()}</option>
                            {ends
                                .into_iter()
                                .map(|(id, words)| view! { <option value=id>{words}</option> })
                                .collect_view()}
                        </select>
                    </div>
                    <label class="flex items-center gap-2 text-sm">
                        <input type="checkbox" name="tools" value="yes" />
                        {t().also_show_tools()}
                    </label>
                    <div class="flex items-center gap-4">
                        <button type="submit" class=BUTTON_CLASS data-testid="share">
                            {t().make_a_link()}
                        </button>
                        <a class="link text-sm" href="/shares">
                            {t().links_there_are()}
                        </a>
                    </div>
                </form>
            </main>
        }
        .into_any()
    }
}

/// The page of the links somebody has made.
#[derive(Debug, Clone, Default)]
pub struct Shares {
    /// The links, the newest first.
    pub shares: Vec<ShareRow>,
    /// What was just done.
    pub done: Option<String>,
}

/// A link, in words.
#[derive(Debug, Clone, Default)]
pub struct ShareRow {
    /// Its id.
    pub id: i64,
    /// The conversation's title, when it was shared.
    pub title: String,
    /// How much was shared, and when.
    pub words: String,
}

impl Shares {
    /// The page as HTML.
    #[must_use]
    pub fn render(self, look: &Look) -> String {
        document(look, look.lang.shared_conversations(), || self.view())
    }

    fn view(self) -> AnyView {
        let Self { shares, done } = self;
        let none = shares.is_empty().then(|| {
            view! {
                <p class="mt-3 text-sm text-muted">
                    {t().no_links()}
                </p>
            }
        });
        view! {
            <main class="mx-auto w-full max-w-[44rem] px-5 py-10">
                <a class="link text-sm" href="/">
                    {t().to_your_conversations()}
                </a>
                <h1 class="mt-4 text-2xl font-semibold tracking-tight">{t().shared_conversations()}</h1>
                <div class="mt-6 flex flex-col gap-3">
                    <Done text=done />
                </div>
                <h2 class=HEADING_CLASS>{t().links_that_are_good()}</h2>
                {none}
                <ul class="mt-3 flex flex-col gap-2">
                    {shares.into_iter().map(ShareRow::view).collect_view()}
                </ul>
            </main>
        }
        .into_any()
    }
}

impl ShareRow {
    fn view(self) -> AnyView {
        let Self { id, title, words } = self;
        let label = t().take_back_the_link_to(&title);
        view! {
            <li
                class="flex items-center gap-3 rounded-xl border border-line bg-surface px-4 py-3"
                data-testid="share-row"
            >
                <div class="min-w-0 flex-1">
                    <p class="truncate text-sm">{title}</p>
                    <p class="text-[0.8125rem] text-muted">{words}</p>
                </div>
                <form method="post" action=format!("/shares/{id}/revoke")>
                    <button
                        type="submit"
                        class=DANGER_CLASS
                        data-testid="share-revoke"
                        aria-label=label
                    >
                        {t().take_back()}
                    </button>
                </form>
            </li>
        }
        .into_any()
    }
}
