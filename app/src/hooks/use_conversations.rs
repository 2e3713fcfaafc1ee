//! The list of conversations, in step with every tab.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local, wasm_bindgen::JsValue};

use super::{
    http,
    use_agent::{Agent, use_agent},
    use_drafts,
};
use crate::language::t;
use crate::reactive::{effect, memo};
use crate::{
    groups::{Moment, Row, rows},
    types::{CONVERSATIONS_AGENT, Conversation, ConversationsState, SearchHit, UNDO_SECONDS},
};

/// How long a note stays that there is nothing to do about.
const NOTE: Duration = Duration::from_secs(6);

/// The list of conversations.
#[derive(Clone, Copy)]
pub struct Conversations {
    /// All conversations, the one used last first; those that were put away are among them.
    pub list: Signal<Vec<Conversation>>,
    /// Conversations for which a model was chosen, with its route.
    pub models: Signal<Vec<(String, String)>>,
    /// The list as it is shown.
    pub rows: Memo<Vec<Row>>,
    /// Whether those that were put away are shown.
    pub shows_archived: RwSignal<bool>,
    /// What is looked for.
    pub query: RwSignal<String>,
    /// What was found, once there is an answer.
    pub hits: RwSignal<Option<Vec<SearchHit>>>,
    /// What just happened, in words.
    pub note: RwSignal<Option<Note>>,
    agent: Agent<ConversationsState>,
}

/// What just happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// In words.
    pub text: String,
    /// A deleted conversation that can be brought back.
    pub deleted: Option<String>,
}

/// Follows the list of conversations; `now` is when the page was rendered, in milliseconds since 1970.
pub fn use_conversations(initial: ConversationsState, now: u64) -> Conversations {
    let agent = use_agent(CONVERSATIONS_AGENT, "default", initial);
    let list = memo(move || {
        agent.state.with(|state| {
            let shown = state.conversations.iter().filter(|it| it.deleted_at.is_none());
            shown.cloned().collect::<Vec<_>>()
        })
    });
    // The server does not know what a day is where the person is.
    let moment = RwSignal::new(Moment { now, offset: 0 });
    effect(move || moment.set(here()));
    let shows_archived = RwSignal::new(false);
    let rows = memo(move || list.with(|list| rows(list, moment.get(), shows_archived.get())));
    Conversations {
        list: list.into(),
        models: memo(move || agent.state.with(|state| state.models.clone())).into(),
        rows,
        shows_archived,
        query: RwSignal::new(String::new()),
        hits: RwSignal::new(None),
        note: RwSignal::new(None),
        agent,
    }
}

/// Now, and what a day is here. Effects run in a browser.
fn here() -> Moment {
    let date = js_sys::Date::new_0();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time after 1970")]
    let now = date.get_time() as u64;
    #[allow(clippy::cast_possible_truncation, reason = "at most a day of minutes")]
    let offset = -(date.get_timezone_offset() as i64) * 60_000;
    Moment { now, offset }
}

impl Conversations {
    /// A conversation; nothing where it is not in the list.
    #[must_use]
    pub fn find(&self, id: String) -> Memo<Option<Conversation>> {
        let list = self.list;
        memo(move || list.with(|list| list.iter().find(|it| it.id == id).cloned()))
    }

    /// Gives a conversation another title. The list shows it when the server has it.
    pub fn rename(&self, id: &str, title: &str) {
        self.agent.call("rename", (id.to_owned(), title.to_owned()), |_: Result<(), _>| {});
    }

    /// Keeps a conversation at the top, or no longer.
    pub fn pin(&self, id: &str, pinned: bool) {
        self.agent.call("pin", (id.to_owned(), pinned), |_: Result<(), _>| {});
    }

    /// Chooses the model that answers in a conversation from now on, by its route.
    pub fn choose_model(&self, id: &str, route: &str) {
        let args = (id.to_owned(), route.to_owned());
        self.agent.call("chooseModel", args, |_: Result<(), _>| {});
    }

    /// Puts a conversation away, or back.
    pub fn archive(&self, id: &str, archived: bool) {
        self.agent.call("archive", (id.to_owned(), archived), |_: Result<(), _>| {});
    }

    /// Deletes a conversation with its messages; for a moment it can be brought back.
    pub fn remove(&self, id: &str) {
        let (this, deleted) = (*self, id.to_owned());
        self.agent.call("remove", (id.to_owned(),), move |result: Result<(), _>| {
            // Nobody is told that something is gone which is not.
            if result.is_err() {
                return this.say(t().not_deleted());
            }
            use_drafts::forget(&deleted);
            let text = t().conversation_deleted().to_owned();
            let note = Note { text, deleted: Some(deleted) };
            this.tell(note, Duration::from_secs(UNDO_SECONDS));
        });
    }

    /// Brings back what was just deleted.
    pub fn restore(&self, id: &str) {
        let this = *self;
        self.note.set(None);
        self.agent.call("restore", (id.to_owned(),), move |result: Result<(), _>| {
            if result.is_err() {
                this.say(t().not_brought_back());
            }
        });
    }

    /// Looks for words in everything that was said.
    pub fn search(&self, query: &str) {
        let this = *self;
        self.query.set(query.to_owned());
        if query.trim().is_empty() {
            return self.hits.set(None);
        }
        let asked = query.to_owned();
        self.agent.call("search", (asked.clone(),), move |hits: Result<Vec<SearchHit>, _>| {
            // An answer to what was typed before says nothing any more.
            if this.query.try_with_untracked(|query| *query == asked) == Some(true)
                && let Ok(hits) = hits
            {
                this.hits.set(Some(hits));
            }
        });
    }

    /// Adds the conversations of a file.
    pub fn import(&self, file: JsValue) {
        let this = *self;
        spawn_local(async move {
            let text = http::import(file).await.unwrap_or_else(|problem| problem);
            this.tell(Note { text, deleted: None }, NOTE);
        });
    }

    fn say(&self, text: &str) {
        self.tell(Note { text: text.to_owned(), deleted: None }, NOTE);
    }

    fn tell(&self, note: Note, time: Duration) {
        let shown = self.note;
        if shown.try_set(Some(note.clone())).is_some() {
            return;
        }
        set_timeout(
            move || {
                if shown.try_with_untracked(|it| it.as_ref() == Some(&note)) == Some(true) {
                    shown.set(None);
                }
            },
            time,
        );
    }
}
