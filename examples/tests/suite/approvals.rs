use domovoi_client::chat::{ChatSession, ChatStatus, Decision};
use domovoi_protocol::{
    Part,
    message::{ToolPart, ToolState},
};
use serde_json::{Value, json};

use crate::{
    script::{self, Say},
    support::Example,
};

/// Wants a file deleted and chalk ordered, and repeats what comes of it.
fn tidy(messages: &[Value]) -> Say {
    let answers = script::answers(messages);
    if answers.is_empty() {
        return Say::Calls(vec![
            ("delete_file", json!({"path": "a.txt"})),
            ("order_chalk", json!({"pieces": 3})),
            ("order_chalk", json!({"pieces": 500})),
        ]);
    }
    Say::Words(answers.join("; "))
}

/// The calls of the answer.
fn calls(session: &ChatSession) -> Vec<ToolPart> {
    let parts = session.message(1).map(|message| message.parts.clone()).unwrap_or_default();
    let calls = parts.into_iter().filter_map(|part| match part {
        Part::Tool(call) => Some(call),
        _ => None,
    });
    calls.collect()
}

fn states(session: &ChatSession) -> Vec<ToolState> {
    calls(session).iter().map(|call| call.state).collect()
}

#[tokio::test]
async fn what_a_person_has_decided_is_done_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let address = script::endpoint(tidy).await;
    let serve = || Example::serve(env!("CARGO_BIN_EXE_approvals"), folder.path(), &address);
    let example = serve();
    let mut talk = example.talk("assistant", "a");
    talk.act(|session| session.submit("Tidy up.")).await;
    use ToolState::{ApprovalRequested, OutputAvailable, OutputDenied};
    // Few pieces are ordered without a question.
    let asked = [ApprovalRequested, OutputAvailable, ApprovalRequested];
    talk.until(|it| it.status() == ChatStatus::Ready && states(it) == asked).await;
    drop((talk, example));

    let example = serve();
    let mut talk = example.talk("assistant", "a");
    talk.until(|session| states(session) == asked).await;
    let [delete, _, order] = &calls(&talk.session)[..] else { panic!("three calls") };
    let no = Decision { reason: Some("I need it".to_owned()), ..Decision::default() };
    talk.act(|session| session.add_tool_approval(&delete.tool_call_id, no)).await;
    let yes = Decision { approved: true, input: Some(json!({"pieces": 11})), reason: None };
    talk.act(|session| session.add_tool_approval(&order.tool_call_id, yes)).await;
    talk.until(|session| {
        let text = session.message(1).map(|message| message.text()).unwrap_or_default();
        session.status() == ChatStatus::Ready && !text.is_empty()
    })
    .await;
    assert_eq!(states(&talk.session), [OutputDenied, OutputAvailable, OutputAvailable]);
    assert_eq!(
        talk.session.message(1).unwrap().text(),
        "The person rejected this call: I need it; 3 pieces are on their way; \
         11 pieces are on their way"
    );
}
