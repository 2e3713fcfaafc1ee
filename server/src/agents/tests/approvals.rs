//! The inbox of approvals.

use domovoi_app::types::approvals::{ApprovalAnswer, ApprovalsState, ApprovalsView};
use serde_json::json;

use super::*;

async fn list(client: &mut TestClient) -> ApprovalsView {
    client.call("list", ()).await.unwrap()
}

fn answer(call: &str, approved: bool) -> ApprovalAnswer {
    ApprovalAnswer {
        conversation: "c1".to_owned(),
        tool_call_id: call.to_owned(),
        approved,
        reason: Some("as agreed".to_owned()),
        input: approved.then(|| json!({"path": "b.txt"})),
    }
}

#[tokio::test]
async fn calls_of_all_conversations_wait_in_one_place_and_are_decided_there() {
    let (mut test, model) = start([deletes("one"), deletes("two"), says("Fine.")]);
    say(&test, "c1", "Delete it.").await;
    say(&test, "c2", "Delete it, too.").await;
    // Both conversations are told of after the process has died.
    test.crash().await.unwrap();
    settle(&test).await;
    let mut client = connect(&test, "approvals").await;
    let found = list(&mut client).await;
    let open: Vec<_> = found.open.iter().map(|it| it.conversation.as_str()).collect();
    assert_eq!(open, ["c1", "c2"]);
    assert_eq!(found.open[0].tool_name, "delete_file");
    assert_eq!(found.open[0].input, json!({"path": "a.txt"}));
    assert_eq!(found.decided, []);

    client.call::<()>("decide", (answer("one", true),)).await.unwrap();
    let found = list(&mut client).await;
    assert_eq!((found.open.len(), found.decided.len()), (1, 1));
    let decision = found.decided[0].decision.clone().unwrap();
    assert!(decision.approved && !decision.expired);
    assert_eq!(decision.reason.as_deref(), Some("as agreed"));
    assert_eq!(decision.input, Some(json!({"path": "b.txt"})));
    // The answer goes on with the arguments of the person.
    let requests = model.asked(3).await;
    assert!(format!("{:?}", requests[2]).contains("b.txt is gone"));

    let error = client.call::<()>("decide", (answer("one", false),)).await.unwrap_err();
    assert!(error.to_string().contains("does not wait any more"), "{error}");
    assert!(client.set_state(ApprovalsState::default()).is_ok());
    assert_eq!(list(&mut client).await.open.len(), 1);
}

#[tokio::test]
async fn what_a_deleted_conversation_asked_waits_no_more() {
    let (mut test, _) = start([deletes("one"), deletes("two")]);
    say(&test, "c1", "Delete it.").await;
    say(&test, "c2", "Delete it.").await;
    settle(&test).await;
    let mut client = connect(&test, "approvals").await;
    assert_eq!(list(&mut client).await.open.len(), 2);

    // A crash between the deletion and the word of it.
    for conversation in ["c1", "c2"] {
        test.agents().destroy("assistant", conversation).await.unwrap();
    }
    test.crash().await.unwrap();
    let mut client = connect(&test, "approvals").await;
    while client.state::<ApprovalsState>().await.unwrap().open > 0 {}
    assert_eq!(list(&mut client).await, ApprovalsView::default());
}

#[tokio::test]
async fn what_waits_is_hidden_while_its_conversation_is_deleted() {
    let (test, _) = start([deletes("one"), deletes("two"), says("Fine.")]);
    for conversation in ["c1", "c2"] {
        say(&test, conversation, "Delete it.").await;
    }
    settle(&test).await;
    let mut conversations = connect(&test, "conversations").await;
    let mut client = connect(&test, "approvals").await;
    let waiting = async |client: &mut TestClient| {
        let open = list(client).await.open;
        open.into_iter().map(|it| it.conversation).collect::<Vec<_>>()
    };
    conversations.call::<()>("remove", ("c1",)).await.unwrap();
    assert_eq!(waiting(&mut client).await, ["c2"]);
    conversations.call::<()>("restore", ("c1",)).await.unwrap();
    assert_eq!(waiting(&mut client).await, ["c1", "c2"]);
    // Who writes in it brings it back as well.
    conversations.call::<()>("remove", ("c2",)).await.unwrap();
    assert_eq!(waiting(&mut client).await, ["c1"]);
}
