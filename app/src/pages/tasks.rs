//! Tasks: what the assistant is to do at some time, and the reminders it has set.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde_json::{Value, json};

use crate::language::t;
use crate::reactive::{effect, memo, when};
use crate::{
    address::{NEW_TASK, Section, path_of},
    components::work::{
        CARD_CLASS, FIELD_CLASS, LABEL_CLASS, PLAIN_CLASS, PRIMARY_BUTTON_CLASS, ROW_CLASS,
        SECONDARY_BUTTON_CLASS, SMALL_CLASS, alert, back, button, conversation_link, each, entries,
        entry, group, heading, ids, line, line_field, link, live, page, text, text_field, texts,
    },
    hooks::{
        use_agent::{Agent, problem_of, use_agent},
        use_listing::use_listing,
        use_workspace::use_workspace,
    },
    types::tasks::TASKS_AGENT,
};

/// Tasks and reminders: a `TasksView`.
#[component]
pub fn TasksPage(
    /// What the page came with.
    initial: Value,
) -> impl IntoView {
    let agent = use_agent(TASKS_AGENT, "default", Value::Null);
    let list = use_listing(agent, initial);
    let problem = RwSignal::new(None::<String>);
    let path = use_location().pathname;
    let is_new = memo(move || path.with(|path| path.trim_end_matches('/') == NEW_TASK));
    let none = move || {
        let none = list.with(|list| entries(list, "tasks").is_empty());
        let words = t().nothing_is_planned();
        if none { words } else { "" }.to_owned()
    };
    let shown = move || {
        if is_new.get() {
            return vec![back(t().tasks(), "all-tasks", Section::Tasks), new_task(agent, list)];
        }
        vec![
            link(PRIMARY_BUTTON_CLASS, t().new_task().to_owned(), "task-new", NEW_TASK.to_owned()),
            alert(problem.into()),
            live(SMALL_CLASS, none),
            each(ids(list, "tasks"), move |id| task(agent, list, id, problem)),
            when(
                move || list.with(|list| !entries(list, "reminders").is_empty()),
                || heading(t().reminders_of_the_assistant().to_owned()),
            ),
            each(ids(list, "reminders"), move |id| reminder(agent, list, id, problem)),
        ]
    };
    page(t().tasks(), vec![shown.into_any()])
}

fn reminder(
    agent: Agent<Value>,
    list: RwSignal<Value>,
    id: String,
    problem: RwSignal<Option<String>>,
) -> AnyView {
    let reminder = untrack(|| entry(list, "reminders", &id));
    let args = vec![reminder["conversation"].clone(), Value::from(id)];
    let cancel = move |()| agent.tell("cancelReminder", args.clone(), problem);
    let actions = vec![
        conversation_link(&text(&reminder, "conversation")),
        action(t().delete(), "cancelReminder", Callback::new(cancel)),
    ];
    let parts = vec![
        line(PLAIN_CLASS, text(&reminder, "text")),
        line(SMALL_CLASS, text(&reminder, "timing")),
        next(&reminder),
        group(ROW_CLASS, "", actions),
    ];
    group(CARD_CLASS, "reminder", parts)
}

fn action(label: &'static str, test: &'static str, press: Callback<()>) -> AnyView {
    button(SECONDARY_BUTTON_CLASS, label.to_owned(), test, press)
}

/// When something runs next.
fn next(of: &Value) -> AnyView {
    let times = texts(of, "next");
    let words = if times.is_empty() { "" } else { t().next_runs() };
    let times = times.into_iter().map(|time| line("text-xs", time)).collect();
    let times = group(ROW_CLASS, "next-runs", times);
    group(ROW_CLASS, "", vec![line(SMALL_CLASS, words.to_owned()), times])
}

fn task(
    agent: Agent<Value>,
    list: RwSignal<Value>,
    id: String,
    problem: RwSignal<Option<String>>,
) -> AnyView {
    let args = vec![Value::from(id.as_str())];
    let call = move |label, method| {
        let args = args.clone();
        action(label, method, Callback::new(move |()| agent.tell(method, args.clone(), problem)))
    };
    let task = memo(move || entry(list, "tasks", &id));
    let standing =
        memo(move || task.with(|task| (task["paused"] == true, entries(task, "next").is_empty())));
    let (run, remove) = (call(t().run_now(), "runNow"), call(t().delete(), "remove"));
    // One that is over can be neither paused nor resumed.
    let switch = move || match standing.get() {
        (true, _) => call(t().resume(), "resume"),
        (false, false) => call(t().pause(), "pause"),
        (false, true) => ().into_any(),
    };
    let details = move || task.with(|task| group(CLASS, "", details(task, standing.get())));
    let actions = vec![run, switch.into_any(), remove];
    group(CARD_CLASS, "task", vec![details.into_any(), group(ROW_CLASS, "", actions)])
}

const CLASS: &str = "flex min-w-0 flex-col gap-2";

fn details(task: &Value, standing: (bool, bool)) -> Vec<AnyView> {
    let standing = match standing {
        (true, _) => t().is_paused(),
        (false, true) => t().is_over(),
        (false, false) => "",
    };
    let mut parts = vec![
        line(PLAIN_CLASS, text(task, "prompt")),
        line(SMALL_CLASS, format!("{}{standing}", text(task, "timing"))),
        next(task),
    ];
    let runs = entries(task, "runs");
    parts.extend(runs.iter().map(|run| {
        let status = status_words(run["status"].as_str().unwrap_or_default());
        let error = text(run, "error");
        let class = if error.is_empty() { SMALL_CLASS } else { "text-xs text-danger" };
        let error = if error.is_empty() { error } else { format!(" \u{b7} {error}") };
        line(class, format!("{} \u{b7} {status}{error}", text(run, "due")))
    }));
    if !runs.is_empty() {
        // Its title is what is to be done, which stands above.
        let conversation = path_of(&text(task, "conversation"));
        parts.push(link(
            "link self-start text-xs",
            t().conversation().to_owned(),
            "",
            conversation,
        ));
    }
    parts
}

/// How a run stands.
fn status_words(status: &str) -> &str {
    match status {
        "waiting" => t().run_waiting(),
        "running" => t().run_running(),
        "retrying" => t().run_retrying(),
        "succeeded" => t().run_succeeded(),
        "failed" => t().run_failed(),
        "skipped" => t().run_skipped(),
        other => other,
    }
}

/// A form; what is wrong with a field is said below it.
fn new_task(agent: Agent<Value>, list: RwSignal<Value>) -> AnyView {
    let workspace = use_workspace();
    let prompt = RwSignal::new(String::new());
    let kind = RwSignal::new("cron".to_owned());
    let when = RwSignal::new(String::new());
    let zone = RwSignal::new(list.with_untracked(|list| text(list, "zone")));
    let problems = RwSignal::new(Value::Null);
    let failure = RwSignal::new(None::<String>);
    effect(move || {
        let known = list.with(|list| text(list, "zone"));
        if zone.read_untracked().is_empty() {
            zone.set(known);
        }
    });
    let create = Callback::new(move |()| {
        let new = json!({
            "prompt": prompt.get_untracked(), "kind": kind.get_untracked(),
            "when": when.get_untracked(), "zone": zone.get_untracked(),
        });
        let then = move |done| match done {
            Ok(found) => {
                let found: Value = found;
                if found.as_object().is_some_and(|found| found.values().all(Value::is_null)) {
                    return workspace.go(Section::Tasks.place().0);
                }
                failure.try_set(None);
                problems.try_set(found);
            }
            Err(error) => {
                failure.try_set(Some(problem_of(error)));
            }
        };
        agent.ask("create", vec![new], Box::new(then));
    });
    let problem = move |field: &'static str| {
        alert(Signal::derive(move || {
            problems.with(|problems| problems[field].as_str().map(str::to_owned))
        }))
    };
    let words = move || match kind.read().as_str() {
        "once" => t().date_and_time(),
        "every" => t().minutes_field(),
        _ => t().cron_fields(),
    };
    let input = move || if *kind.read() == "once" { "datetime-local" } else { "text" };
    let choice = view! {
        <label class=LABEL_CLASS>
            {t().runs()}
            <select
                class=FIELD_CLASS
                data-testid="task-kind"
                on:change:target=move |event| {
                    kind.set(event.target().value());
                    when.set(String::new());
                }
            >
                <option value="cron">{t().again_and_again()}</option>
                <option value="once">{t().once()}</option>
                <option value="every">{t().every_so_many_minutes()}</option>
            </select>
        </label>
    };
    let parts = vec![
        text_field(t().what_the_assistant_is_to_do(), "task-prompt", prompt),
        problem("prompt"),
        choice.into_any(),
        line_field(Signal::derive(words), Signal::derive(input), "task-when", when),
        problem("when"),
        line_field(Signal::stored(t().time_zone()), Signal::stored("text"), "task-zone", zone),
        problem("zone"),
        alert(failure.into()),
        button(PRIMARY_BUTTON_CLASS, t().make_a_task().to_owned(), "task-create", create),
    ];
    group(CARD_CLASS, "", parts)
}
