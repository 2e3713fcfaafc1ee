//! Every page of plain HTML that is somebody's: nobody else gets it, by whatever method.

use http::{Method, header};

use super::shares::converse;
use crate::{
    people::{Role, Scope},
    testing::{Bench, says, send},
};

/// Pages and forms that are for whoever has a home, or looks after others.
const OWN: [(Method, &str); 16] = [
    (Method::GET, "/account"),
    (Method::POST, "/account/password"),
    (Method::POST, "/account/sessions/1/revoke"),
    (Method::POST, "/account/tokens"),
    (Method::POST, "/account/tokens/revoke"),
    (Method::POST, "/account/people/x/role"),
    (Method::POST, "/account/people/x/remove"),
    (Method::POST, "/account/invitations"),
    (Method::POST, "/account/invitations/1/revoke"),
    (Method::GET, "/share/new?conversation=talk"),
    (Method::GET, "/shares"),
    (Method::POST, "/shares"),
    (Method::POST, "/shares/1/revoke"),
    (Method::GET, "/usage"),
    (Method::GET, "/usage/people/x"),
    (Method::POST, "/usage/people/x/quota"),
];

#[tokio::test]
async fn nobody_gets_in_without_a_session_and_a_token_is_none() {
    let bench = Bench::start("", [says("Zanzibar City.")]).await;
    bench.add("anna", Role::Owner);
    converse(&bench, Some("anna"), "talk", "The capital of Zanzibar?").await;
    let all = [Scope::Agents, Scope::Models, Scope::Read];
    let token = bench.token("all", Some("anna"), &all);
    for (method, path) in OWN {
        let ask = || {
            let request = bench.request(method.clone(), path).header(header::ORIGIN, &bench.origin);
            let form = "application/x-www-form-urlencoded";
            request.header(header::CONTENT_TYPE, form).body("conversation=talk&role=member")
        };
        for request in [ask(), ask().bearer_auth(&token), ask().header(header::COOKIE, "domovoi=x")]
        {
            let answer = send(request).await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert!(!answer.text.contains("Zanzibar"), "{method} {path}");
        }
    }
    assert_eq!(bench.people.shares(&crate::people::Whose::owner()).unwrap(), []);
}
