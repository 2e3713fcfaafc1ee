//! The list of conversations, in step with every tab.

use std::time::Duration;

use domovoi_client::ClientError;
use leptos::{prelude::*, task::spawn_local, wasm_bindgen::JsValue};
use serde_json::Value;

use super::{
    http,
    use_agent::{Agent, problem_of, use_agent},
    use_drafts,
};
use crate::language::t;
use crate::reactive::{effect, memo};
use crate::{
    groups::{Row, Today, rows},
    types::{CONVERSATIONS_AGENT, Conversation, ConversationsState, SearchHit, UNDO_SECONDS},
};

/// How long a note stays that there is nothing to do about.
const NOTE: Duration = Duration::from_secs(6);

/// The list of conversations.
#[derive(Clone, Copy)]
pub struct Conversations {
    /// All conversations, the one used last first; those that were put away are among them.
    pub list: Signal<Vec<Conversation>>,
    /// What is known of them, and their folders.
    pub state: ReadSignal<ConversationsState>,
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

/// Follows the list of conversations; `clock` begins with when the page was rendered.
pub fn use_conversations(initial: ConversationsState, clock: ReadSignal<i64>) -> Conversations {
    let agent = use_agent(CONVERSATIONS_AGENT, "default", initial);
    let list = memo(move || {
        agent.state.with(|state| {
            let shown = state.conversations.iter().filter(|it| it.deleted_at.is_none());
            shown.cloned().collect::<Vec<_>>()
        })
    });
    // The server does not know what a day is where the person is.
    let now = clock.get_untracked().unsigned_abs();
    let today = RwSignal::new(Today::at(now, 0));
    effect(move || {
        // A page stays open over night.
        clock.track();
        let here = here();
        if today.get_untracked() != here {
            today.set(here);
        }
    });
    let shows_archived = RwSignal::new(false);
    let rows =
        memo(move || agent.state.with(|state| rows(state, today.get(), shows_archived.get())));
    Conversations {
        list: list.into(),
        state: agent.state,
        rows,
        shows_archived,
        query: RwSignal::new(String::new()),
        hits: RwSignal::new(None),
        note: RwSignal::new(None),
        agent,
    }
}

/// Now, and what a day is here. Effects run in a browser.
fn here() -> Today {
    let date = js_sys::Date::new_0();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time after 1970")]
    let now = date.get_time() as u64;
    #[allow(clippy::cast_possible_truncation, reason = "at most a day of minutes")]
    let offset = -(date.get_timezone_offset() as i64) * 60_000;
    Today::at(now, offset)
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
        self.tell("rename", vec![id.into(), title.into()]);
    }

    /// Keeps a conversation at the top, or no longer.
    pub fn pin(&self, id: &str, pinned: bool) {
        self.tell("pin", vec![id.into(), pinned.into()]);
    }

    /// Chooses the model that answers in a conversation from now on, by its route.
    pub fn choose_model(&self, id: &str, route: &str) {
        self.tell("chooseModel", vec![id.into(), route.into()]);
    }

    /// Puts a conversation away, or back.
    pub fn archive(&self, id: &str, archived: bool) {
        self.tell("archive", vec![id.into(), archived.into()]);
    }

    /// Moves a conversation into a folder; out of its folder where that is empty.
    pub fn move_to(&self, id: &str, folder: &str) {
        self.tell("moveToFolder", vec![id.into(), folder.into()]);
    }

    /// Makes a folder and moves a conversation into it.
    pub fn move_to_new(&self, id: &str, name: &str) {
        let (this, id) = (*self, id.to_owned());
        let then = move |made: Result<Value, ClientError>| match made {
            Ok(folder) => this.tell("moveToFolder", vec![id.into(), folder]),
            Err(error) => this.say(&problem_of(error)),
        };
        self.ask("createFolder", vec![name.into()], Box::new(then));
    }

    /// Shows what is in a folder, or no longer.
    pub fn fold(&self, folder: &str, closed: bool) {
        self.tell("foldFolder", vec![folder.into(), closed.into()]);
    }

    /// Deletes a conversation with its messages; for a moment it can be brought back.
    pub fn remove(&self, id: &str) {
        let (this, deleted) = (*self, id.to_owned());
        let then = move |result: Result<Value, ClientError>| {
            // Nobody is told that something is gone which is not.
            if result.is_err() {
                return this.say(t().not_deleted());
            }
            use_drafts::forget(&deleted);
            let text = t().conversation_deleted().to_owned();
            let note = Note { text, deleted: Some(deleted) };
            this.show(note, Duration::from_secs(UNDO_SECONDS));
        };
        self.ask("remove", vec![id.into()], Box::new(then));
    }

    /// Brings back what was just deleted.
    pub fn restore(&self, id: &str) {
        let this = *self;
        self.note.set(None);
        let then = move |result: Result<Value, ClientError>| {
            if result.is_err() {
                this.say(t().not_brought_back());
            }
        };
        self.ask("restore", vec![id.into()], Box::new(then));
    }

    /// Looks for words in everything that was said.
    pub fn search(&self, query: &str) {
        let this = *self;
        self.query.set(query.to_owned());
        if query.trim().is_empty() {
            return self.hits.set(None);
        }
        let asked = query.to_owned();
        let then = move |hits: Result<Value, ClientError>| {
            // An answer to what was typed before says nothing any more.
            if this.query.try_with_untracked(|query| *query == asked) == Some(true)
                && let Some(hits) = hits.ok().and_then(|hits| serde_json::from_value(hits).ok())
            {
                this.hits.set(Some(hits));
            }
        };
        self.ask("search", vec![query.into()], Box::new(then));
    }

    /// Calls a method of the list; `then` gets what it answers. It is compiled once.
    pub fn ask(
        &self,
        method: &'static str,
        args: Vec<Value>,
        then: Box<dyn FnOnce(Result<Value, ClientError>)>,
    ) {
        self.agent.call(method, args, then);
    }

    /// Calls a method that answers nothing; what it has against it is shown.
    fn tell(&self, method: &'static str, args: Vec<Value>) {
        let this = *self;
        let then = move |done: Result<Value, ClientError>| {
            if let Err(error) = done {
                this.say(&problem_of(error));
            }
        };
        self.ask(method, args, Box::new(then));
    }

    /// Adds the conversations of a file.
    pub fn import(&self, file: JsValue) {
        let this = *self;
        spawn_local(async move {
            let text = http::import(file).await.unwrap_or_else(|problem| problem);
            this.show(Note { text, deleted: None }, NOTE);
        });
    }

    fn say(&self, text: &str) {
        self.show(Note { text: text.to_owned(), deleted: None }, NOTE);
    }

    fn show(&self, note: Note, time: Duration) {
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
