//! The inbox: calls in all conversations that wait for a person, and what was decided.

use domovoi_client::chat::Decision;
use leptos::prelude::*;
use serde_json::{Value, json};

use crate::language::t;
use crate::{
    components::{
        approval_form::approval_form,
        work::{
            CARD_CLASS, CODE_CLASS, PLAIN_CLASS, ROW_CLASS, SMALL_CLASS, alert, conversation_link,
            each, entry, fold, group, heading, ids, line, live, page, text,
        },
    },
    hooks::{use_listing::use_listing, use_workspace::use_workspace},
    reactive::when,
    units::relative,
    words::{pretty, tool_name},
};

const DECIDED_CLASS: &str = "min-w-0 rounded-xl border border-line px-4 py-3 text-sm";

/// Calls that wait for a person: an `ApprovalsView`.
#[component]
pub fn ApprovalsPage(
    /// What the page came with.
    initial: Value,
) -> impl IntoView {
    let inbox = use_listing(use_workspace().approvals, initial);
    let open = ids(inbox, "open");
    let past = ids(inbox, "decided");
    let none = move || {
        open.with(Vec::is_empty).then(|| {
            let words = t().nothing_waits();
            group(SMALL_CLASS, "approvals-none", vec![line("", words.to_owned())])
        })
    };
    page(
        t().approvals(),
        vec![
            heading(t().waiting_for_you().to_owned()),
            none.into_any(),
            each(open, move |id| waiting(&untrack(|| entry(inbox, "open", &id)))),
            when(move || past.with(|ids| !ids.is_empty()), || heading(t().decided().to_owned())),
            each(past, move |id| decided(&untrack(|| entry(inbox, "decided", &id)))),
        ],
    )
}

fn waiting(approval: &Value) -> AnyView {
    let workspace = use_workspace();
    let problem = RwSignal::new(None::<String>);
    let (conversation, call) = (text(approval, "conversation"), text(approval, "toolCallId"));
    let link = conversation_link(&conversation);
    let decide = Callback::new(move |Decision { approved, reason, input }| {
        let answer = json!({
            "conversation": conversation, "toolCallId": call,
            "approved": approved, "reason": reason, "input": input,
        });
        workspace.approvals.tell("decide", vec![answer], problem);
    });
    let (asked, expires) = (approval["askedAt"].as_i64(), approval["expiresAt"].as_i64());
    let age = move || {
        let now = workspace.now.get();
        let asked = asked.map(|at| t().asked_when(relative(now, at)));
        let expiry = expires.map(|at| t().expires_when(relative(now, at)));
        asked.into_iter().chain(expiry).collect()
    };
    let mut parts = vec![group(ROW_CLASS, "", vec![link, live(SMALL_CLASS, age)])];
    let input = Some(approval["input"].clone());
    parts.extend(approval_form(&text(approval, "toolName"), input, decide));
    parts.push(alert(problem.into()));
    group(CARD_CLASS, "approval", parts)
}

fn decided(approval: &Value) -> AnyView {
    let workspace = use_workspace();
    let now = workspace.now;
    let decision = &approval["decision"];
    let verdict = match (decision["approved"] == true, decision["expired"] == true) {
        (true, _) if decision["input"].is_null() => t().approved(),
        (true, _) => t().approved_otherwise(),
        (false, true) => t().expired(),
        (false, false) => t().rejected(),
    };
    let by = match decision["by"].as_str() {
        Some(by) => t().by_whom(by),
        // Where nobody has an account there is one person.
        None if workspace.account.read_value().is_none() && decision["expired"] != true => {
            t().by_whom(t().you_who_decided())
        }
        None => String::new(),
    };
    let at = decision["at"].as_i64().unwrap_or_default();
    let input = if decision["input"].is_null() { &approval["input"] } else { &decision["input"] };
    let summary = group(
        ROW_CLASS,
        "",
        vec![
            line("font-medium", tool_name(&text(approval, "toolName"))),
            line("", verdict.to_owned()),
            live(SMALL_CLASS, move || format!("{}{by}", relative(now.get(), at))),
        ],
    );
    let details = group(
        "mt-3 flex min-w-0 flex-col gap-2",
        "",
        vec![
            conversation_link(&text(approval, "conversation")),
            line(PLAIN_CLASS, text(decision, "reason")),
            line(CODE_CLASS, pretty(input)),
        ],
    );
    fold(DECIDED_CLASS, "decided", false, summary, vec![details])
}
