//! One instance: its state as it changes, its tables, connections, schedules and log, and a console.

use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::EventSource,
};
use leptos_router::location::Url;
use serde_json::{Value, json};

use crate::language::t;
use crate::reactive::effect;
use crate::{
    components::{
        state_tree::state_tree,
        work::{
            CARD_CLASS, CODE_CLASS, PRIMARY_BUTTON_CLASS, SMALL_CLASS, alert, button, entries,
            group, heading, line, live, text_field, texts,
        },
    },
    hooks::{http, use_agent::use_agent},
};

/// The instance `name` of the type `agent`.
pub(crate) fn inspector(agent: &str, name: &str) -> AnyView {
    let state = use_agent(agent, name, Value::Null).state;
    let path = format!("/api/inspect/{agent}/{}", Url::escape(name));
    let console = console(format!("{path}/sql"));
    let instance = RwSignal::new(Value::Null);
    effect(move || follow(&path, instance));
    let tree = move || state.with(|state| state_tree("state", state, 0));
    let part = |title: &'static str, field: &'static str| {
        let lines = move || {
            let lines = instance.with(|instance| texts(instance, field));
            if lines.is_empty() && instance.with(Value::is_object) {
                return vec![line(SMALL_CLASS, t().nothing_here_yet().to_owned())];
            }
            lines.into_iter().map(|text| line(CODE_CLASS, text)).collect::<Vec<_>>()
        };
        let title = line(SMALL_CLASS, title.to_owned());
        group(CARD_CLASS, field, vec![title, lines.into_any()])
    };
    let parts = vec![
        heading(format!("{agent} / {name}")),
        group(CARD_CLASS, "state-tree", vec![tree.into_any()]),
        part(t().tables(), "tables"),
        console,
        part(t().connections(), "connections"),
        part(t().schedules(), "schedules"),
        part(t().log(), "log"),
    ];
    group("flex min-w-0 flex-col gap-3", "inspected", parts)
}

/// Keeps `instance` in step with what the server says of it, for as long as it is shown.
fn follow(path: &str, instance: RwSignal<Value>) {
    let Ok(events) = EventSource::new(path) else { return };
    let take: Closure<dyn FnMut(JsValue)> = Closure::new(move |event: JsValue| {
        let data = js_sys::Reflect::get(&event, &"data".into()).unwrap_or_default();
        if let Some(found) = data.as_string().and_then(|data| serde_json::from_str(&data).ok()) {
            instance.try_set(found);
        }
    });
    events.set_onmessage(Some(take.as_ref().unchecked_ref()));
    let kept = StoredValue::new_local((events, take));
    on_cleanup(move || {
        kept.try_with_value(|(events, _)| events.close());
    });
}

/// SQL that reads, until it is unlocked: for as long as the page is open.
fn console(path: String) -> AnyView {
    let unlocked = RwSignal::new(false);
    let sql = RwSignal::new("SELECT * FROM sqlite_schema LIMIT 20".to_owned());
    let (answer, problem) = (RwSignal::new(Value::Null), RwSignal::new(None::<String>));
    let run = Callback::new(move |()| {
        let unlocked = unlocked.get_untracked();
        let question = json!({"sql": sql.get_untracked(), "unlocked": unlocked});
        let path = path.clone();
        spawn_local(async move {
            let found = http::ask(path, Some(question)).await;
            problem.try_set(found.as_ref().err().cloned());
            answer.try_set(found.unwrap_or_default());
        });
    });
    let rows = move || {
        answer.with(|answer| (!entries(answer, "columns").is_empty()).then(|| table(answer)))
    };
    let changed = move || {
        let count = answer.with(|answer| answer["changed"].as_u64());
        count.map_or_else(String::new, |count| t().rows_changed(count))
    };
    let parts = vec![
        text_field(t().sql(), "sql", sql),
        switch(unlocked),
        button(PRIMARY_BUTTON_CLASS, t().run().to_owned(), "sql-run", run),
        alert(problem.into()),
        live(SMALL_CLASS, changed),
        rows.into_any(),
    ];
    group(CARD_CLASS, "", parts)
}

fn switch(unlocked: RwSignal<bool>) -> AnyView {
    view! {
        <label class="flex items-start gap-2 text-xs text-muted">
            <input
                type="checkbox"
                class="mt-0.5"
                data-testid="sql-unlock"
                prop:checked=unlocked
                on:change:target=move |event| unlocked.set(event.target().checked())
            />
            {t().unlock_writing()}
        </label>
    }
    .into_any()
}

fn table(found: &Value) -> AnyView {
    let cell = |value: &Value| {
        let text = value.as_str().unwrap_or("NULL").to_owned();
        view! { <td class="max-w-[20rem] truncate border-t border-line px-2 py-1">{text}</td> }
    };
    let row = |row: &Value| {
        let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
        view! { <tr>{cells.iter().map(cell).collect_view()}</tr> }
    };
    let head = |name| view! { <th class="px-2 py-1 text-left font-medium">{name}</th> };
    let more = if found["more"] == true { t().there_are_more_rows() } else { "" };
    view! {
        <div class="scroller max-h-96 overflow-auto" tabindex="0">
            <table class="font-mono text-xs" data-testid="sql-rows">
                <tr>{texts(found, "columns").into_iter().map(head).collect_view()}</tr>
                {entries(found, "rows").iter().map(row).collect_view()}
            </table>
        </div>
        <p class=SMALL_CLASS>{more}</p>
    }
    .into_any()
}
