use domovoi_agents::chat::ApprovalRecord;
use domovoi_client::chat::{ChatStatus, Decision};
use serde_json::{Value, json};

use crate::{
    script::{self, Say},
    support::Example,
};

/// Wants chalk, and repeats what comes of it.
fn order(messages: &[Value]) -> Say {
    match script::answers(messages)[..] {
        [] => Say::Calls(vec![("order_chalk", json!({"pieces": 500}))]),
        [..] => Say::Words(script::answers(messages).join("; ")),
    }
}

#[tokio::test]
async fn the_audit_says_who_decided_what() {
    let folder = tempfile::tempdir().unwrap();
    let address = script::endpoint(order).await;
    let example = Example::serve(env!("CARGO_BIN_EXE_escalation"), folder.path(), &address);
    let desk = example.connect("purchase-desk", "a");
    desk.start();
    for by in ["", "anna"] {
        let mut talk = example.talk("purchase-desk", "a");
        talk.act(|session| session.submit("Order chalk.")).await;
        talk.until(|it| {
            it.status() == ChatStatus::Ready && it.error().is_none() && it.messages().len() % 2 == 0
        })
        .await;
        let asked: Vec<ApprovalRecord> = desk.call("audit", ()).await.unwrap();
        let asked = asked.last().unwrap();
        assert!(asked.open && asked.request.expires_at > Some(asked.request.asked_at));
        let call = asked.request.tool_call_id.clone();
        if by.is_empty() {
            let no = Decision { reason: Some("too many".to_owned()), ..Decision::default() };
            talk.act(|session| session.add_tool_approval(&call, no)).await;
        } else {
            assert!(desk.call::<bool>("answeredByMail", (&call, by)).await.unwrap());
        }
        talk.until(|it| it.messages().next_back().is_some_and(|last| !last.text().is_empty()))
            .await;
        talk.until(|it| it.status() == ChatStatus::Ready).await;
        drop(talk);
    }
    let audit: Vec<ApprovalRecord> = desk.call("audit", ()).await.unwrap();
    let decisions: Vec<_> = audit.into_iter().map(|record| record.decision.unwrap()).collect();
    assert!(!decisions[0].approved && decisions[0].connection.is_some());
    assert_eq!(decisions[0].reason.as_deref(), Some("too many"));
    assert!(decisions[1].approved);
    assert_eq!(decisions[1].by.as_deref(), Some("anna"));
}
