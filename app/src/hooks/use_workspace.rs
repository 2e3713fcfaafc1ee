//! What the parts of the page share.

use domovoi_client::{ClientError, ConnectionStatus};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use serde_json::Value;

use super::{
    use_agent::{Agent, use_agent},
    use_clock::use_clock,
    use_conversations::{Conversations, use_conversations},
};
use crate::language::t;
use crate::reactive::memo;
use crate::{
    address::{Section, conversation_in, path_of},
    data::PageState,
    types::{SYSTEM_AGENT, SystemState, approvals::APPROVALS_AGENT},
};

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub struct Workspace {
    /// The list of conversations.
    pub conversations: Conversations,
    /// Version and model.
    pub system: ReadSignal<SystemState>,
    /// Calls that wait for a person.
    pub approvals: Agent<Value>,
    /// What the page is about.
    pub section: Memo<Section>,
    /// What time it is, in milliseconds since 1970.
    pub now: ReadSignal<i64>,
    /// The conversation in the address; `None` on the page of a new one.
    pub open_id: Memo<Option<String>>,
    /// The conversation in the thread. A new one has its id before it has an address, and
    /// keeps it when it gets one.
    pub chat_id: Memo<String>,
    /// The title of the open conversation.
    pub title: Memo<String>,
    /// The name of the model that answers in it.
    pub model: Memo<String>,
    /// How the connection of the open conversation stands.
    pub connection: RwSignal<ConnectionStatus>,
    /// Whether the list is open, on narrow screens.
    pub drawer: RwSignal<bool>,
    /// What the person is called, where people sign in.
    pub account: StoredValue<Option<String>>,
    /// Counts how often the text field was asked to take the focus.
    pub focus: RwSignal<u32>,
    navigator: StoredValue<Go>,
}

type Go = Box<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// Makes the workspace and gives it to the components below.
pub fn provide_workspace(page: &PageState) -> Workspace {
    let now = use_clock(page.now.cast_signed());
    let conversations = use_conversations(page.conversations.clone(), now);
    let system = use_agent(SYSTEM_AGENT, "default", page.system.clone()).state;
    let approvals = use_agent(APPROVALS_AGENT, "default", page.approvals.clone());
    let path = use_location().pathname;
    let section = memo(move || path.with(|path| Section::of(path)));
    let open_id = memo(move || path.with(|path| conversation_in(path)));
    let chat_id = memo(move || open_id.get().unwrap_or_else(new_id));
    let title = memo(move || {
        let id = chat_id.get();
        let title = conversations.state.with(|state| {
            let found =
                state.conversations.iter().find(|it| it.id == id && it.deleted_at.is_none());
            match (found, state.folder_of(&id)) {
                (Some(conversation), _) => Some(conversation.title.clone()),
                (None, Some(folder)) => Some(t().new_conversation_in(&folder.name)),
                (None, None) => None,
            }
        });
        title.unwrap_or_else(|| section.get().place().1.to_owned())
    });
    let model = memo(move || {
        let id = chat_id.get();
        let route = conversations.state.with(|state| state.route_of(&id).to_owned());
        system.with(|system| {
            let chosen = system.routes.iter().find(|view| view.name == route);
            chosen.map_or(&system.model.name, |view| &view.model).clone()
        })
    });
    let workspace = Workspace {
        conversations,
        system,
        approvals,
        section,
        now,
        open_id,
        chat_id,
        title,
        model,
        connection: RwSignal::new(ConnectionStatus::Connecting),
        drawer: RwSignal::new(false),
        account: StoredValue::new(page.account.clone()),
        focus: RwSignal::new(0),
        navigator: StoredValue::new(Box::new(use_navigate())),
    };
    provide_context(workspace);
    leave_deleted(workspace);
    workspace
}

/// Begins a new conversation where the open one was deleted, here or elsewhere.
fn leave_deleted(workspace: Workspace) {
    Effect::new(move |before: Option<Option<String>>| {
        let id = workspace.open_id.get()?;
        let list = workspace.conversations.list;
        let listed = list.with(|list| list.iter().any(|conversation| conversation.id == id));
        let was_listed = before.flatten().is_some_and(|before| before == id);
        if was_listed && !listed {
            workspace.navigate("/", true);
        }
        listed.then_some(id)
    });
}

/// The workspace around the component that asks.
///
/// # Panics
/// Outside of `pages::workspace`, which is a mistake in the program.
#[must_use]
pub fn use_workspace() -> Workspace {
    expect_context()
}

impl Workspace {
    /// After a click on "new conversation": the way there is the link's own.
    pub fn begin_new(&self) {
        self.drawer.set(false);
        self.focus.update(|count| *count += 1);
    }

    /// Begins a conversation in a folder. It is there before it has begun, with the folder's model.
    pub fn begin_in(&self, folder: &str) {
        let (this, id) = (*self, new_id());
        let args = vec![id.as_str().into(), folder.into()];
        let then = move |done: Result<Value, ClientError>| {
            if done.is_ok() {
                this.go(&path_of(&id));
                this.begin_new();
            }
        };
        self.conversations.ask("moveToFolder", args, Box::new(then));
    }

    /// Gives the conversation in the thread its address.
    pub fn keep(&self) {
        let path = path_of(&self.chat_id.get_untracked());
        self.navigate(&path, true);
    }

    /// Goes to a page.
    pub fn go(&self, path: &str) {
        self.drawer.set(false);
        self.navigate(path, false);
    }

    fn navigate(&self, path: &str, replace: bool) {
        let options = NavigateOptions { replace, scroll: false, ..NavigateOptions::default() };
        self.navigator.with_value(|go| go(path, options));
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
