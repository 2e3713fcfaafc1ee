//! Pages of accounts in German: no sentence of the English ones is left on them.

use std::collections::BTreeMap;

use domovoi_app::{
    account::{Look, NewAccount},
    language::Lang,
};
use http::{Method, header};
use serde_json::json;

use super::shares::converse;
use crate::{
    people::{Role, Scope},
    testing::{Bench, says, send},
};

/// What a page says: its text, and its labels.
fn said(html: &str) -> Vec<String> {
    let plain = |text: &str| {
        let text = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&amp;", "&");
        text.trim().to_owned()
    };
    let texts = html.split('>').filter_map(|piece| piece.split('<').next());
    let labels = html.split("aria-label=\"").skip(1).filter_map(|rest| rest.split('"').next());
    texts.chain(labels).map(plain).filter(|text| !text.is_empty()).collect()
}

/// What a page says in English that has another text in German.
fn english(html: &str) -> Vec<String> {
    let texts = |file: &str| -> BTreeMap<String, String> { serde_json::from_str(file).unwrap() };
    let german = texts(include_str!("../../../../../app/locales/de.json"));
    let english = texts(include_str!("../../../../../app/locales/en.json"));
    let mut english: Vec<String> =
        english.into_iter().filter(|(name, text)| german[name] != *text).map(|it| it.1).collect();
    // A German word may be an English one.
    english.retain(|text| !german.values().any(|other| other == text));
    let is_left = |said: &String| {
        english.iter().any(|text| {
            let mut pieces = text
                .split('{')
                .map(|piece| piece.split('}').next_back().unwrap_or_default().trim());
            said == text || pieces.any(|piece| piece.len() > 9 && said.contains(piece))
        })
    };
    said(html).into_iter().filter(is_left).collect()
}

#[track_caller]
fn assert_german(place: &str, html: &str) {
    assert!(html.contains("<html lang=\"de\""), "{place}: {html}");
    assert_eq!(english(html), Vec::<String>::new(), "{place}");
}

/// What follows `before` in a page, as far as it is an id or a token.
fn after<'a>(html: &'a str, before: &str) -> &'a str {
    let rest = html.split(before).nth(1).unwrap();
    let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '-' && it != '_');
    &rest[..end.unwrap()]
}

#[tokio::test]
async fn every_page_is_german_for_whoever_reads_german() {
    let limits = "[limits.user]\nrequests_per_month = 2\nmoney_per_day = 1.5";
    let bench = Bench::start(limits, [says("Ja."), says("Ja.")]).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    let (bobs_id, bob) = bench.add("bob", Role::Member);
    let [anna, bob] = [anna, bob].map(|cookie| format!("{cookie}; language=de"));
    let (nobody, bobs_id) = ("language=de", bobs_id.as_str());
    converse(&bench, Some("anna"), "talk", "Geht das?").await;
    let token = bench.token("t1", Some("bob"), &[Scope::Models]);
    assert_eq!(bench.ask(&token, json!({})).await.status, 200);

    let invited = bench.form("/account/invitations", &anna, "role=member").await;
    let invitation = format!("/invite/{}", after(&invited.text, "/invite/"));
    let made = bench.form("/shares", &anna, "conversation=talk&tools=yes").await;
    let link = format!("/s/{}", after(&made.text, "/s/"));
    for (place, html) in [("invited", invited.text), ("shared", made.text)] {
        assert_german(place, &html);
    }
    let of_bob = format!("/usage/people/{bobs_id}");
    let role = format!("/account/people/{bobs_id}/role");
    let quota = format!("{of_bob}/quota");
    let forms: &[(&str, &str, &str, u16)] = &[
        ("/sign-in", nobody, "name=anna&password=wrong", 401),
        (&invitation, nobody, "name=carla&password=short", 422),
        (&invitation, nobody, "name=ANNA&password=ten+letters+and+more", 409),
        (&invitation, nobody, "name=&password=ten+letters+and+more", 422),
        ("/account/password", &anna, "present=wrong&new=x", 422),
        ("/account/password", &anna, "present=password+of+anna&new=x", 422),
        ("/account/password", &anna, "present=password+of+anna&new=password+of+bob", 303),
        ("/account/tokens", &bob, "token=&models=yes&days=", 422),
        ("/account/tokens", &bob, "token=t2&days=30", 422),
        ("/account/tokens", &bob, "token=t2&read=yes&days=0", 422),
        ("/account/tokens", &bob, "token=t2&read=yes&days=30", 201),
        ("/account/tokens", &bob, "token=t3&models=yes&days=", 201),
        ("/account/tokens/revoke", &bob, "token=none", 404),
        ("/account/invitations", &bob, "role=member", 403),
        ("/account/invitations", &anna, "role=king", 422),
        ("/account/people/x/remove", &anna, "", 404),
        (&role, &anna, "role=admin", 303),
        (&quota, &anna, "tokens_per_day=many", 422),
        (&quota, &anna, "tokens_per_day=5", 303),
        ("/shares", &anna, "conversation=talk&until=gone", 409),
        ("/shares", &anna, "conversation=none", 404),
    ];
    for (path, cookie, body, status) in forms {
        let answer = bench.form(path, cookie, body).await;
        assert_eq!(answer.status, *status, "{path} {body}: {}", answer.text);
        if *status != 303 {
            assert_german(&format!("{path} {body}"), &answer.text);
        }
    }
    let set = format!("{of_bob}?done=quota");
    let pages: &[(&str, &str)] = &[
        ("/sign-in", nobody),
        (&invitation, nobody),
        ("/invite/none", nobody),
        (&link, nobody),
        ("/s/none", nobody),
        ("/offline", nobody),
        ("/account", &anna),
        ("/account", &bob),
        ("/usage", &anna),
        ("/usage", &bob),
        (&of_bob, &anna),
        (&set, &anna),
        ("/usage/people/x", &anna),
        ("/share/new?conversation=talk", &anna),
        ("/share/new?conversation=none", &anna),
        ("/shares", &anna),
        ("/shares", &bob),
        ("/shares?done=revoked", &anna),
    ];
    for (path, cookie) in pages {
        assert_german(path, &bench.page(path, cookie).await.text);
    }
    for done in ["proven", "password", "session", "token", "role", "removed", "uninvited"] {
        let html = bench.page(&format!("/account?done={done}"), &anna).await.text;
        assert!(html.contains("data-testid=\"done\""), "{done}");
        assert_german(done, &html);
    }
    for _ in 0..20 {
        bench.form("/sign-in", nobody, "name=anna&password=wrong").await;
    }
    let wait = bench.form("/sign-in", nobody, "name=anna&password=wrong").await;
    assert_eq!(wait.status, 429);
    assert_german("too many attempts", &wait.text);
}

#[tokio::test]
async fn the_cookie_decides_then_the_browser_and_programs_that_say_nothing_are_told_in_english() {
    let bench = Bench::start("", []).await;
    bench.add("anna", Role::Owner);
    let page = |language: &str, cookie: &str| {
        let request = bench.request(Method::GET, "/sign-in").header(header::ACCEPT, "text/html");
        let request = request.header(header::ACCEPT_LANGUAGE, language);
        send(request.header(header::COOKIE, cookie))
    };
    assert_german("browser", &page("de-AT, en;q=0.5", "").await.text);
    let text = page("de", "language=en").await.text;
    assert!(text.contains("<html lang=\"en\"") && english(&text).len() > 3, "{text}");
    let program = || bench.request(Method::GET, "/agents/conversations/default");
    let told = send(program()).await.text;
    assert!(told.contains("Nobody is signed in"), "{told}");
    // That may be a page, which shows it.
    let told = send(program().header(header::ACCEPT_LANGUAGE, "de")).await.text;
    assert!(told.contains("Du bist nicht angemeldet.") && told.contains("not_signed_in"), "{told}");

    let look = Look { lang: Lang::De, ..Look::default() };
    let setup = NewAccount { action: "/setup".to_owned(), with_code: true, ..Default::default() };
    assert_german("setup", &setup.render(&look));
}
