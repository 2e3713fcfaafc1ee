//! Folders of conversations: made here, and of each its name, its instructions and its model.

use domovoi_client::ClientError;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde_json::{Value, json};

use crate::language::t;
use crate::reactive::{effect, memo};
use crate::{
    address::{FOLDER, Section, page_of_folder},
    components::work::{
        CARD_CLASS, FIELD_CLASS, INTRODUCTION_CLASS, LABEL_CLASS, PRIMARY_BUTTON_CLASS, ROW_CLASS,
        SMALL_CLASS, alert, back, button, each, group, line, line_field, live, page, remove,
        text_field,
    },
    hooks::{use_agent::problem_of, use_workspace::use_workspace},
    types::folders::Folder,
};

const OPEN_CLASS: &str = "min-w-0 truncate rounded-xl border border-line px-4 py-3 text-sm font-medium transition-colors hover:bg-hover";

/// The folders, or the one in the address.
pub(super) fn folders_page() -> AnyView {
    let workspace = use_workspace();
    let query = use_location().query;
    let chosen = memo(move || query.with(|query| query.get(FOLDER)));
    // Whether the server is there is what the foot of the sidebar knows.
    effect(move || workspace.connection.set(workspace.approvals.connection.get()));
    let shown = move || match chosen.get() {
        Some(id) => {
            vec![back(t().all_folders(), "all-folders", Section::Folders), settings(id)]
        }
        None => {
            let ids = memo(move || {
                let folders = workspace.conversations.state.with(|state| state.folders.clone());
                folders.into_iter().map(|folder| folder.id).collect::<Vec<_>>()
            });
            let open = |id: String| {
                let page = page_of_folder(&id);
                let folder = find(id);
                let name = move || folder.with(|it| it.as_ref().map(|it| it.name.clone()));
                view! { <a class=OPEN_CLASS href=page data-testid="folder-link">{name}</a> }
                    .into_any()
            };
            vec![
                line(INTRODUCTION_CLASS, t().folders_are_for().to_owned()),
                new_folder(),
                each(ids.into(), open),
            ]
        }
    };
    page(t().folders(), vec![shown.into_any()])
}

/// A folder without what only the list shows of it; nothing where it is gone.
fn find(id: String) -> Memo<Option<Folder>> {
    let state = use_workspace().conversations.state;
    memo(move || {
        let found = state.with(|state| state.folders.iter().find(|it| it.id == id).cloned())?;
        Some(Folder { closed: false, ..found })
    })
}

fn new_folder() -> AnyView {
    let workspace = use_workspace();
    let name = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let make = Callback::new(move |()| {
        let then = move |made: Result<Value, ClientError>| match made {
            Ok(id) => workspace.go(&page_of_folder(id.as_str().unwrap_or_default())),
            Err(error) => {
                problem.try_set(Some(problem_of(error)));
            }
        };
        let args = vec![name.get_untracked().into()];
        workspace.conversations.ask("createFolder", args, Box::new(then));
    });
    let parts = vec![
        line_field(Signal::stored(t().name_field()), Signal::stored("text"), "folder-name", name),
        alert(problem.into()),
        button(PRIMARY_BUTTON_CLASS, t().new_folder().to_owned(), "folder-create", make),
    ];
    group(CARD_CLASS, "", parts)
}

/// What holds in a folder. What another page saves is shown here as well.
fn settings(id: String) -> AnyView {
    let workspace = use_workspace();
    let conversations = workspace.conversations;
    let folder = find(id.clone());
    let [name, instructions, model] = [(); 3].map(|()| RwSignal::new(String::new()));
    let show = move |folder: Folder| {
        name.set(folder.name);
        instructions.set(folder.instructions);
        model.set(folder.model);
    };
    untrack(|| folder.get().map(show));
    effect(move || {
        folder.get().map(show);
    });
    let problem = RwSignal::new(None::<String>);
    let saved = RwSignal::new("");
    let deleted = id.clone();
    let save = Callback::new(move |()| {
        let new = json!({
            "id": id, "name": name.get_untracked(), "instructions": instructions.get_untracked(),
            "model": model.get_untracked(),
        });
        let then = move |done: Result<Value, ClientError>| {
            saved.try_set(if done.is_ok() { t().saved() } else { "" });
            problem.try_set(done.err().map(problem_of));
        };
        conversations.ask("changeFolder", vec![new], Box::new(then));
    });
    let delete = Callback::new(move |()| {
        let then = move |done: Result<Value, ClientError>| match done {
            Ok(_) => workspace.go(Section::Folders.place().0),
            Err(error) => {
                problem.try_set(Some(problem_of(error)));
            }
        };
        conversations.ask("removeFolder", vec![deleted.as_str().into()], Box::new(then));
    });
    let form = move || {
        let actions = vec![
            button(PRIMARY_BUTTON_CLASS, t().save().to_owned(), "folder-save", save),
            remove(t().delete_the_folder(), t().its_conversations_stay(), "folder-delete", delete),
            live(SMALL_CLASS, move || saved.get().to_owned()),
        ];
        let parts = vec![
            line_field(
                Signal::stored(t().name_field()),
                Signal::stored("text"),
                "folder-name",
                name,
            ),
            text_field(t().instructions(), "folder-instructions", instructions),
            model_choice(model),
            alert(problem.into()),
            group(ROW_CLASS, "", actions),
        ];
        group(CARD_CLASS, "folder-form", parts)
    };
    let is_there = memo(move || folder.with(Option::is_some));
    let shown = move || match is_there.get() {
        true => form(),
        false => line(SMALL_CLASS, t().no_such_folder().to_owned()),
    };
    shown.into_any()
}

/// Which model answers, where there are several.
fn model_choice(model: RwSignal<String>) -> AnyView {
    let system = use_workspace().system;
    let option = move |name: String, words: String| {
        let is_chosen = model.with(|model| *model == name);
        view! { <option value=name selected=is_chosen>{words}</option> }
    };
    let options = move || {
        let routes = system.with(|system| system.routes.clone());
        let default = option(String::new(), t().the_default_one().to_owned());
        let routes = routes.into_iter().map(|route| {
            let words = format!("{} ({})", route.name, route.model);
            option(route.name, words)
        });
        [default].into_iter().chain(routes).collect_view()
    };
    let several = memo(move || system.with(|system| system.routes.len() > 1));
    let choice = move || {
        several.get().then(|| {
            view! {
                <label class=LABEL_CLASS>
                    {t().model()}
                    <select
                        class=FIELD_CLASS
                        data-testid="folder-model"
                        on:change:target=move |event| model.set(event.target().value())
                    >
                        {options}
                    </select>
                </label>
            }
        })
    };
    choice.into_any()
}
