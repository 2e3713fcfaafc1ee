//! API tokens on the page of the account.

use http::{Method, header};
use serde_json::json;

use crate::{
    people::Role,
    testing::{Bench, says, send},
};

/// The token that a page shows.
fn made(html: &str) -> String {
    let token = html.split("dmv_").nth(1).unwrap();
    let end = token.find(|it: char| !it.is_ascii_alphanumeric() && it != '-' && it != '_').unwrap();
    format!("dmv_{}", &token[..end])
}

#[tokio::test]
async fn one_is_made_shown_once_used_and_ended() {
    let bench = Bench::start("", [says("Hello.")]).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    let (_, bob) = bench.add("bob", Role::Member);
    let answer = bench.form("/account/tokens", &bob, "token=editor&models=yes&days=30").await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    let token = made(&answer.text);
    assert_eq!(bench.ask(&token, json!({})).await.status, 200);
    let page = bench.page("/account", &bob).await.text;
    assert!(!page.contains("dmv_") && page.contains("editor"), "{page}");
    assert!(page.contains("models \u{b7} made 20") && !page.contains("used never"), "{page}");
    // It is good for what was chosen, and nothing else.
    let agents = bench.request(Method::GET, "/agents/conversations/default").bearer_auth(&token);
    assert_eq!(send(agents).await.status, 403);
    // Others do not see it, and do not end it.
    assert!(!bench.page("/account", &anna).await.text.contains("editor</p>"));
    let foreign = bench.form("/account/tokens/revoke", &anna, "token=editor").await;
    assert_eq!(foreign.status, 404, "{}", foreign.text);
    let ended = bench.form("/account/tokens/revoke", &bob, "token=editor").await;
    assert_eq!(ended.header(header::LOCATION), "/account?done=token");
    assert_eq!(bench.ask(&token, json!({})).await.status, 401);
    let events: Vec<_> = bench.people.audit(2).unwrap();
    let events: Vec<_> = events
        .iter()
        .map(|it| (it.event.as_str(), it.actor.as_str(), it.detail.as_str()))
        .collect();
    assert_eq!(events, [("token revoked", "bob", "editor"), ("token added", "bob", "editor")]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_made() {
    let bench = Bench::start("", []).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    let long = format!("token={}&models=yes", "x".repeat(65));
    for (form, words) in [
        ("token=a", "good for something"),
        ("token=a&models=yes&days=0", "1 to 3650 days"),
        ("token=a&models=yes&days=3651", "1 to 3650 days"),
        ("token=a&models=yes&days=99999999999999999999", "1 to 3650 days"),
        ("token=a&models=yes&days=soon", "1 to 3650 days"),
        ("token=+&models=yes", "cannot be the name"),
        (&long, "cannot be the name"),
    ] {
        let answer = bench.form("/account/tokens", &anna, form).await;
        assert_eq!(answer.status, 422, "{form}");
        assert!(answer.text.contains(words) && answer.text.contains("data-testid=\"problem\""));
    }
    let foreign = bench.request(Method::POST, "/account/tokens").header(header::COOKIE, &anna);
    let foreign = foreign.header(header::ORIGIN, "http://evil.example").body("token=a&models=yes");
    assert_eq!(send(foreign).await.status, 403);
    assert_eq!(bench.people.tokens().unwrap(), []);
    for at in 0..100 {
        let form = format!("token=t{at}&models=yes");
        assert_eq!(bench.form("/account/tokens", &anna, &form).await.status, 201, "{at}");
    }
    let answer = bench.form("/account/tokens", &anna, "token=more&models=yes").await;
    assert!(answer.status == 422 && answer.text.contains("100 tokens already"), "{}", answer.text);
}
