//! What is shown of what was used, to whom, and limits that are set there.

use http::header;
use serde_json::json;

use crate::{
    people::{Role, Scope},
    testing::{Bench, says},
};

const LIMITS: &str = "[limits.user]\nrequests_per_month = 2";

#[tokio::test]
async fn everybody_sees_their_own_and_the_owner_all() {
    let bench = Bench::start(LIMITS, [says("Hello."), says("Hello.")]).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    let (bobs_id, bob) = bench.add("bob", Role::Member);
    let (_, carla) = bench.add("carla", Role::Admin);
    let bobs_id = bobs_id.as_str();
    let token = bench.token("bobs", Some("bob"), &[Scope::Models]);
    assert_eq!(bench.ask(&token, json!({})).await.status, 200);

    let own = bench.page("/usage", &bob).await;
    assert_eq!(own.status, 200);
    for part in ["Requests, this month", "1 of 2", "<rect", "scripted"] {
        assert!(own.text.contains(part), "{part}: {}", own.text);
    }
    assert!(!own.text.contains("anna") && !own.text.contains("style=\""), "{}", own.text);
    assert!(own.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
    let of_bob = format!("/usage/people/{bobs_id}");
    assert_eq!(bench.page(&of_bob, &bob).await.status, 403);
    for cookie in [&anna, &carla] {
        let all = bench.page("/usage", cookie).await.text;
        assert!(all.contains("anna") && all.contains(&of_bob), "{all}");
        assert!(bench.page(&of_bob, cookie).await.text.contains("1 of 2"));
    }
    assert!(!bench.page(&of_bob, &carla).await.text.contains("data-testid=\"quota\""));
    assert!(bench.page(&of_bob, &anna).await.text.contains("data-testid=\"quota\""));
    assert_eq!(bench.page("/usage/people/nobody", &anna).await.status, 404);
}

#[tokio::test]
async fn the_owner_sets_limits_that_hold_at_once() {
    let bench = Bench::start(LIMITS, (0..5).map(|_| says("Hello."))).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    let (bobs_id, bob) = bench.add("bob", Role::Member);
    let (_, carla) = bench.add("carla", Role::Admin);
    let token = bench.token("bobs", Some("bob"), &[Scope::Models]);
    let path = format!("/usage/people/{}/quota", bobs_id.as_str());
    for cookie in [&bob, &carla] {
        assert_eq!(bench.form(&path, cookie, "requests_per_day=9").await.status, 403);
    }
    for wrong in ["requests_per_day=many", "requests_per_day=-1", "money_per_day=NaN"] {
        let again = bench.form(&path, &anna, wrong).await;
        assert_eq!(again.status, 422, "{wrong}");
        assert!(again.text.contains("data-testid=\"problem\""), "{wrong}");
    }
    assert_eq!(bench.form(&path, &anna, "requests_per_day=1&money_per_day=").await.status, 303);
    assert_eq!(bench.ask(&token, json!({})).await.status, 200);
    let refused = bench.ask(&token, json!({})).await;
    assert_eq!(refused.status, 429);
    assert!(refused.text.contains("your 1 requests for today"), "{}", refused.text);
    assert!(bench.page("/usage", &bob).await.text.contains("1 of 1"));

    assert_eq!(bench.form(&path, &anna, "reset=yes").await.status, 303);
    assert_eq!(bench.ask(&token, json!({})).await.status, 200);
    let refused = bench.ask(&token, json!({})).await;
    assert!(refused.text.contains("your 2 requests for this month"), "{}", refused.text);
}

#[tokio::test]
async fn without_accounts_all_of_it_is_there() {
    let bench = Bench::start("", [says("Hello.")]).await;
    let token = bench.token("editor", None, &[Scope::Models]);
    bench.ask(&token, json!({})).await;
    let page = bench.page("/usage", "").await;
    assert!(page.status == 200 && page.text.contains("scripted"), "{}", page.text);
    assert!(page.text.contains("editor"), "by the token's name");
}
