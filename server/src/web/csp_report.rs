//! What browsers report that a page's policy has kept from happening.
//!
//! Anybody can send a report, so little is believed: of each only the directive is logged, and only
//! where it is one that exists. What was kept out, and on which page, may be what people wrote.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    routing::post,
};
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::Value;

/// Where reports go; the policies of pages name it.
const PATH: &str = "/csp-report";
/// The end of a policy that is to be reported on. `report-to` is not named: a browser that knows it leaves
/// `report-uri` alone, and then sends nothing at all where its Reporting API is off or the address is not
/// of TLS.
pub(super) const REPORT: &str = "; report-uri /csp-report";

/// Largest request, in bytes: browsers send several reports in one.
const MAX_BYTES: usize = 64 << 10;
/// What requests are counted over.
const WINDOW: Duration = Duration::from_secs(60);
/// Requests that are read in that time.
const MOST: u32 = 30;
/// Reports of one request that are read.
const MOST_REPORTS: usize = 20;

/// The directives that a policy of ours can be broken in.
const DIRECTIVES: [&str; 16] = [
    "base-uri",
    "connect-src",
    "default-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "worker-src",
];

/// Counts requests, whoever sends them.
#[derive(Default)]
struct Count(Mutex<Option<(Instant, u32)>>);

impl Count {
    /// Whether one more is read.
    fn allows(&self, now: Instant) -> bool {
        let mut count = self.0.lock();
        let (since, before) = match *count {
            Some((since, before)) if now.duration_since(since) < WINDOW => (since, before),
            _ => (now, 0),
        };
        *count = Some((since, before.saturating_add(1)));
        before < MOST
    }
}

/// The address that takes reports.
pub(super) fn routes() -> Router {
    Router::new()
        .route(PATH, post(take))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(Arc::new(Count::default()))
}

async fn take(State(count): State<Arc<Count>>, body: Bytes) -> StatusCode {
    if !count.allows(Instant::now()) {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    let Ok(report) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    for directive in directives(&report) {
        tracing::warn!(directive, "a browser has kept something from a page");
    }
    StatusCode::NO_CONTENT
}

/// The directives of a report as `report-uri` sends it, or of several as the Reporting API does.
fn directives(report: &Value) -> Vec<&'static str> {
    let old = report.get("csp-report").into_iter();
    let new = report.as_array().into_iter().flatten().filter(|it| it["type"] == "csp-violation");
    old.chain(new.filter_map(|it| it.get("body"))).take(MOST_REPORTS).map(directive).collect()
}

fn directive(violation: &Value) -> &'static str {
    let name = ["effectiveDirective", "effective-directive", "violated-directive"]
        .iter()
        .find_map(|field| violation.get(field)?.as_str());
    // Old browsers add what the directive allows.
    let name = name.unwrap_or_default().split(' ').next();
    DIRECTIVES.into_iter().find(|known| Some(*known) == name).unwrap_or("another")
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn of_a_report_the_directive_is_read_and_nothing_else() {
        let old = json!({ "csp-report": {
            "document-uri": "http://a/c/secret", "violated-directive": "script-src 'nonce-x'",
        } });
        assert_eq!(directives(&old), ["script-src"]);
        let new = json!([
            { "type": "csp-violation", "body": { "effectiveDirective": "img-src", "sample": "secret" } },
            { "type": "deprecation", "body": { "effectiveDirective": "img-src" } },
            { "type": "csp-violation", "body": { "effectiveDirective": "x\n[forged line]" } },
            { "type": "csp-violation" },
        ]);
        assert_eq!(directives(&new), ["img-src", "another"]);
        for odd in [json!(null), json!(1), json!([1, null, {}]), json!({ "csp-report": 5 })] {
            assert!(directives(&odd).iter().all(|it| *it == "another"), "{odd}");
        }
        let many = json!(vec![json!({ "type": "csp-violation", "body": {} }); 500]);
        assert_eq!(directives(&many).len(), MOST_REPORTS);
    }

    #[test]
    fn a_flood_is_not_read() {
        let (count, now) = (Count::default(), Instant::now());
        for _ in 0..MOST {
            assert!(count.allows(now));
        }
        assert!(!count.allows(now + WINDOW / 2));
        assert!(count.allows(now + WINDOW));
    }

    #[tokio::test]
    async fn a_report_is_taken_and_what_is_none_or_too_large_is_refused() {
        let routes = routes();
        let send = |body: String| {
            let request = Request::post(PATH).body(Body::from(body)).unwrap();
            let answer = routes.clone().oneshot(request);
            async { answer.await.unwrap().status() }
        };
        assert_eq!(send(json!({ "csp-report": {} }).to_string()).await, StatusCode::NO_CONTENT);
        assert_eq!(send("no JSON".to_owned()).await, StatusCode::BAD_REQUEST);
        assert_eq!(send(" ".repeat(MAX_BYTES + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
