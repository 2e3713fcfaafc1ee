//! SQL that changes something: for the owner alone, and written down.

use domovoi_app::language::Lang;
use http::{Method, header};
use serde_json::{Value, json};

use crate::{
    agents::{DEFAULT, Tasks},
    people::{Event, Role},
    testing::{Answered, Bench, send},
};

/// A row in a table of the agent `tasks`.
const INSERT: &str = "INSERT INTO reminders VALUES ('secret', '1', 2, '3')";

async fn sql(bench: &Bench, cookie: &str, question: Value) -> Answered {
    let request = bench.request(Method::POST, "/api/inspect/tasks/default/sql");
    let request = request.header(header::ORIGIN, &bench.origin).header(header::COOKIE, cookie);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    send(request.body(question.to_string())).await
}

async fn log(bench: &Bench, cookie: &str) -> String {
    let request = bench.request(Method::GET, "/api/inspect/tasks/default");
    send(request.header(header::COOKIE, cookie)).await.json()["log"].to_string()
}

#[tokio::test]
async fn writing_is_unlocked_by_the_owner_alone_and_written_down() {
    let bench = Bench::start("", []).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    let (_, bob) = bench.add("bob", Role::Admin);
    for name in ["anna", "bob"] {
        let home = bench.homes.of(&bench.people.called(name).unwrap()).await.unwrap();
        let tasks = home.agents().get::<Tasks>(DEFAULT).unwrap();
        tasks.run(|tasks, cx| async move { tasks.view(&cx, Lang::En) }).await.unwrap().unwrap();
    }
    let unlocked = || json!({ "sql": INSERT, "unlocked": true });
    for (cookie, question, status) in [
        ("", unlocked(), 401),
        (&bob, unlocked(), 403),
        (&anna, json!({ "sql": INSERT }), 400),
        (&anna, json!({ "sql": INSERT, "unlocked": false }), 400),
    ] {
        let answer = sql(&bench, cookie, question).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let written = || bench.people.audit_of(Event::SqlUnlocked, "tasks/default").unwrap();
    assert_eq!(written(), []);

    let answer = sql(&bench, &anna, unlocked()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["changed"].as_u64()), (200, Some(1)));
    let [entry] = &written()[..] else { panic!("{:?}", written()) };
    let detail = "INSERT INTO reminders VALUES ('', '', 2, '')";
    assert_eq!((entry.actor.as_str(), entry.detail.as_str()), ("anna", detail));
    // Whoever looks after others reads it, without the values; in the log of their own instance of the
    // same name it is not.
    let (of_anna, of_bob) =
        (bench.page("/account", &anna).await, bench.page("/account", &bob).await);
    for page in [of_anna, of_bob] {
        assert!(page.text.contains("SQL with writing unlocked"), "{}", page.text);
        assert!(!page.text.contains("secret"));
    }
    assert!(log(&bench, &anna).await.contains("unlocked SQL: INSERT INTO reminders"));
    assert!(!log(&bench, &bob).await.contains("unlocked"));
    let refused = sql(&bench, &anna, json!({ "sql": "DROP TABLE tasks", "unlocked": true })).await;
    assert_eq!(refused.json()["error"]["code"], "not_own_rows", "{}", refused.text);
    assert_eq!(written().len(), 2, "what was tried is written down as well");
}
