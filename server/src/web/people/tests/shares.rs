//! Links to conversations.

use http::{Method, StatusCode, header};

use crate::{
    agents::{Assistant, Conversations, DEFAULT},
    people::Role,
    testing::{Answered, Bench, says, send},
};

/// A conversation in the home of whoever it is, of a question and an answer.
pub(super) async fn converse(bench: &Bench, name: Option<&str>, id: &str, text: &'static str) {
    let home = match name {
        Some(name) => bench.homes.of(&bench.people.called(name).unwrap()).await.unwrap(),
        None => std::sync::Arc::clone(bench.homes.owner()),
    };
    let assistant = home.agents().get::<Assistant>(id).unwrap();
    assistant.run(move |_, cx| async move { cx.ask_and_wait(text).await }).await.unwrap().unwrap();
}

/// The path of the link that a page shows.
fn link_of(bench: &Bench, page: &Answered) -> String {
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.text);
    let link = page.text.split(&format!("{}/s/", bench.origin)).nth(1).unwrap();
    let end = link.find(|it: char| !it.is_ascii_alphanumeric() && it != '-' && it != '_').unwrap();
    format!("/s/{}", &link[..end])
}

#[tokio::test]
async fn a_link_shows_what_was_there_until_it_is_taken_back() {
    let answer = "It is **Paris**.\n\n```rust\nfn main() {}\n```\n\n$$x^2$$";
    let bench = Bench::start("", [says(answer), says("Later words.")]).await;
    converse(&bench, None, "talk", "The capital of France?").await;
    let form = bench.page("/share/new?conversation=talk", "").await;
    assert!(form.status == 200 && form.text.contains("The capital of France?"), "{}", form.text);
    let made = bench.form("/shares", "", "conversation=talk&until=").await;
    let link = link_of(&bench, &made);
    converse(&bench, None, "talk", "And later?").await;

    let shown = send(bench.request(Method::GET, &link)).await;
    assert_eq!(shown.status, 200);
    for part in ["<strong>Paris</strong>", "class=\"hl-", "<math", "The capital of France?"] {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }
    assert!(!shown.text.contains("Later words") && !shown.text.contains("<script"));
    let policy = shown.header(header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe")
    );
    assert_eq!(shown.header(header::REFERRER_POLICY), "no-referrer");
    assert_eq!(shown.header(header::CACHE_CONTROL), "no-store");
    assert!(shown.headers["x-robots-tag"].to_str().unwrap().contains("noindex"));
    let token = link.trim_start_matches("/s/");
    assert!(token.len() >= 43 && !bench.page("/shares", "").await.text.contains(token));
    let file = std::fs::read(bench.folder.path().join("people.sqlite3-wal")).unwrap();
    assert!(!file.windows(token.len()).any(|part| part == token.as_bytes()), "only its hash");

    let listed = bench.page("/shares", "").await.text;
    let id = listed.split("/shares/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let gone = bench.form(&format!("/shares/{id}/revoke"), "", "").await;
    assert_eq!(gone.header(header::LOCATION), "/shares?done=revoked");
    for path in [link.as_str(), "/s/", "/s/nonsense"] {
        let answer = send(bench.request(Method::GET, path)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text.contains("Paris"));
    }
    let page = send(bench.request(Method::GET, &link)).await;
    assert!(page.text.contains("This link leads nowhere"), "{}", page.text);
}

#[tokio::test]
async fn a_link_may_end_at_a_message_and_ends_with_its_conversation() {
    let bench = Bench::start("", [says("First answer."), says("Second answer.")]).await;
    converse(&bench, None, "talk", "One?").await;
    converse(&bench, None, "talk", "Two?").await;
    let assistant = bench.homes.owner().agents().get::<Assistant>("talk").unwrap();
    let messages = assistant.run(|_, cx| async move { cx.messages() }).await.unwrap().unwrap();
    let until = |id: &str| format!("conversation=talk&until={id}");
    let made = bench.form("/shares", "", &until(&messages[1].id)).await;
    let link = link_of(&bench, &made);
    let text = send(bench.request(Method::GET, &link)).await.text;
    assert!(text.contains("First answer.") && !text.contains("Two?") && !text.contains("Second"));
    assert_eq!(bench.form("/shares", "", &until("no-such")).await.status, 409);
    assert_eq!(bench.form("/shares", "", "conversation=nowhere&until=").await.status, 404);
    assert_eq!(bench.page("/share/new?conversation=nowhere", "").await.status, 404);

    // As when it was deleted, and can no longer be brought back.
    let list = bench.homes.owner().agents().get::<Conversations>(DEFAULT).unwrap();
    list.run(|list, cx| async move {
        cx.update_state(|state| state.conversations[0].deleted_at = Some(1))?;
        list.purge(&cx, "talk".to_owned()).await
    })
    .await
    .unwrap()
    .unwrap();
    assert_eq!(send(bench.request(Method::GET, &link)).await.status, 404);
}

#[tokio::test]
async fn links_are_those_of_whoever_made_them() {
    let bench = Bench::start("", [says("For Anna."), says("For Bob.")]).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    let (bobs_id, bob) = bench.add("bob", Role::Member);
    converse(&bench, Some("anna"), "annas", "I am Anna").await;
    converse(&bench, Some("bob"), "bobs", "I am Bob").await;
    assert_eq!(bench.form("/shares", &bob, "conversation=annas&until=").await.status, 404);
    let annas = link_of(&bench, &bench.form("/shares", &anna, "conversation=annas").await);
    let bobs = link_of(&bench, &bench.form("/shares", &bob, "conversation=bobs").await);
    for link in [&annas, &bobs] {
        assert_eq!(send(bench.request(Method::GET, link)).await.status, 200, "needs no account");
    }
    assert!(!bench.page("/shares", &bob).await.text.contains("I am Anna"));
    // The first link has the first number.
    bench.form("/shares/1/revoke", &bob, "").await;
    assert_eq!(send(bench.request(Method::GET, &annas)).await.status, 200, "it is not Bob's");
    let led = bench.page("/share/new?conversation=annas", "").await;
    assert_eq!(led.status, 303);
    assert!(led.header(header::LOCATION).starts_with("/sign-in?next=%2Fshare%2Fnew"));
    let foreign = bench.request(Method::POST, "/shares").header(header::COOKIE, &anna);
    let foreign = foreign.header(header::ORIGIN, "http://evil.example").body("conversation=annas");
    assert_eq!(send(foreign).await.status, 403);
    let by = crate::people::By::command_line();
    bench.people.remove(&by, &bobs_id).unwrap();
    assert_eq!(send(bench.request(Method::GET, &bobs)).await.status, 404, "gone with Bob");
}
