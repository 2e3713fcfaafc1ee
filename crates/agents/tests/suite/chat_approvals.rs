//! What is kept of questions to people, and what happens when nobody answers.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use domovoi_agents::{
    Identity,
    chat::{ApprovalFilter, ApprovalPolicy, ApprovalRecord, ApprovalRequest, RecordedDecision},
    prelude::*,
    testing::{TestAgents, TestClient},
};
use domovoi_protocol::{
    Chunk, ClientFrame, Role, ServerFrame, UiMessage,
    chat::{ChatBody, ChatRequest, Trigger},
    tool::ToolApproval,
};
use futures::stream;
use http::Request;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::question::{asks_to_delete, open_gate};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Asks before it deletes a file, and tells afterwards what was decided.
#[derive(Clone)]
struct Clerk {
    /// Cancelled when the message with the question may end.
    gate: CancellationToken,
}

#[agent]
impl Clerk {
    #[callable]
    fn ping(&self) -> Result<()> {
        Ok(())
    }

    #[callable]
    fn decide(&self, cx: &Context<Self>, call: String, approved: bool) -> Result<bool> {
        let decision = match approved {
            true => RecordedDecision::approval(),
            false => RecordedDecision::rejection("no"),
        };
        Ok(cx.decide_approval(&call, "bob, by mail", decision)?)
    }
}

impl AiChatAgent for Clerk {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        if turn.continuation {
            let messages = cx.messages()?;
            let call = messages.last().unwrap().tool("call").unwrap();
            let decided = call.approval.as_ref().unwrap();
            let text = format!("{} {:?}", decided.approved.unwrap(), decided.reason);
            let chunks = [Chunk::text_start("t"), Chunk::text_delta("t", text)];
            return Ok(ChatReply::from_chunks(stream::iter(chunks.map(Ok))));
        }
        Ok(asks_to_delete(&self.gate))
    }

    fn approval_policy(&self, request: &ApprovalRequest) -> ApprovalPolicy {
        assert_eq!(request.input, json!({"path": "a.txt"}));
        ApprovalPolicy::default().escalate_after(7 * DAY).expires_after(30 * DAY)
    }

    async fn on_escalation(&self, cx: &Context<Self>, approval: &ApprovalRecord) -> Result<()> {
        cx.broadcast(format!("escalated: {}", approval.request.tool_name));
        Ok(())
    }
}

/// Agents whose clients are known by the name in their address.
fn start(gate: &CancellationToken) -> TestAgents {
    let gate = gate.clone();
    TestAgents::new(move |agents| {
        let clerk = Clerk { gate: gate.clone() };
        agents.chat_agent_with(move || clerk.clone()).before_connect(|arrival| async move {
            let query = arrival.request.uri.query().unwrap_or_default();
            let name = query.strip_prefix("name=").map(str::to_owned);
            Ok(name.map_or_else(Identity::anonymous, |name| Identity::new(()).named(name)))
        })
    })
    .unwrap()
}

fn ask(client: &TestClient) {
    let body = ChatBody {
        messages: vec![UiMessage::new("q", Role::User, "Delete it.")],
        trigger: Trigger::SubmitMessage,
        client_tools: None,
        custom: Default::default(),
    };
    client.send_frame(&ClientFrame::ChatRequest(ChatRequest::new("turn".to_owned(), &body)));
}

async fn until(client: &mut TestClient, is_it: impl Fn(&ServerFrame) -> bool) {
    while !is_it(&client.frame().await.unwrap()) {}
}

async fn until_done(client: &mut TestClient) {
    until(client, |frame| matches!(frame, ServerFrame::ChatResponse(response) if response.done))
        .await;
}

/// The turn's answer to the question waits in the database.
async fn asked(test: &TestAgents) {
    let mut client = test.connect("clerk/x").await.unwrap();
    ask(&client);
    until_done(&mut client).await;
}

async fn get(test: &TestAgents, path: &str) -> Value {
    let request = Request::get(format!("/agents/clerk/x/{path}")).body(Body::empty()).unwrap();
    let body = test.request(request).await.into_body();
    serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap()
}

async fn trail(test: &TestAgents) -> Vec<ApprovalRecord> {
    let clerk = test.get::<Clerk>("x").unwrap();
    clerk
        .run(|_, cx| async move { cx.approvals(&ApprovalFilter::default()) })
        .await
        .unwrap()
        .unwrap()
}

fn approve(input: Value) -> ClientFrame {
    ClientFrame::ToolApproval(ToolApproval {
        tool_call_id: "call".to_owned(),
        approved: true,
        reason: Some("go ahead".to_owned()),
        input: Some(input),
        auto_continue: true,
    })
}

#[tokio::test]
async fn weeks_and_restarts_later_the_trail_says_who_decided_what() {
    let mut test = start(&open_gate());
    asked(&test).await;
    let asked_at = trail(&test).await[0].request.asked_at;
    test.crash().await.unwrap();

    let open = get(&test, "get-approvals?open=true").await;
    assert_eq!(open[0]["toolName"], "deleteFile");
    assert_eq!(open[0]["input"], json!({"path": "a.txt"}));
    assert_eq!(open[0]["expiresAt"], asked_at + 30 * DAY.as_millis() as i64);

    let mut client = test.connect("clerk/x?name=anna").await.unwrap();
    test.advance(8 * DAY).await.unwrap();
    assert_eq!(client.text().await.unwrap(), "escalated: deleteFile");
    test.crash().await.unwrap();
    test.advance(14 * DAY).await.unwrap();

    let mut client = test.connect("clerk/x?name=anna").await.unwrap();
    client.send_frame(&approve(json!({"path": "b.txt"})));
    until_done(&mut client).await;
    let history = get(&test, "get-messages").await;
    assert!(history[1].to_string().contains(r#"true Some(\"go ahead\")"#), "{history}");

    let [record] = &trail(&test).await[..] else { panic!("one question") };
    let decision = record.decision.clone().unwrap();
    assert!(!record.open && decision.approved && !decision.expired);
    assert_eq!(decision.by.as_deref(), Some("anna"));
    assert_eq!(decision.connection.as_deref(), Some(client.id()));
    assert_eq!(decision.reason.as_deref(), Some("go ahead"));
    assert_eq!(record.request.input, json!({"path": "a.txt"}), "what was shown");
    assert_eq!(decision.input, Some(json!({"path": "b.txt"})), "what was decided");
    assert_eq!(record.escalated_at, Some(asked_at + 7 * DAY.as_millis() as i64));
    assert_eq!(decision.at, asked_at + 22 * DAY.as_millis() as i64);

    // Long after, nothing more happens to it.
    test.advance(30 * DAY).await.unwrap();
    assert_eq!(&trail(&test).await[..], std::slice::from_ref(record));
    assert_eq!(get(&test, "get-approvals?open=true").await, json!([]));
}

#[tokio::test]
async fn a_question_that_nobody_answers_is_rejected_in_the_end() {
    let mut test = start(&open_gate());
    asked(&test).await;
    test.crash().await.unwrap();
    // Nobody is connected when the time comes.
    test.advance(31 * DAY).await.unwrap();
    let mut client = test.connect("clerk/x").await.unwrap();
    let decision = trail(&test).await[0].decision.clone().unwrap();
    assert!(decision.expired && !decision.approved && decision.by.is_none());

    client.send_frame(&approve(json!({"path": "b.txt"})));
    until(&mut client, |frame| frame.to_json().contains("decided on already")).await;
    let history = get(&test, "get-messages").await;
    assert_eq!(history[1]["parts"][0]["state"], "output-denied");
    assert!(history[1].to_string().contains("false Some(\\\"expired"), "{history}");
    let schedules = get_schedules(&test).await;
    assert_eq!(schedules, 0, "the timers are not the agent's schedules");
}

async fn get_schedules(test: &TestAgents) -> usize {
    let clerk = test.get::<Clerk>("x").unwrap();
    let all = clerk.run(|_, cx| async move { cx.get_schedules(&Default::default()) });
    all.await.unwrap().unwrap().len()
}

#[tokio::test]
async fn an_agent_can_decide_for_somebody_who_is_not_connected() {
    let test = start(&open_gate());
    asked(&test).await;
    assert_eq!(get_schedules(&test).await, 0, "the timers are not the agent's schedules");
    let mut client = test.connect("clerk/x").await.unwrap();
    assert!(client.call::<bool>("decide", ("call", false)).await.unwrap());
    until_done(&mut client).await;
    assert!(!client.call::<bool>("decide", ("call", true)).await.unwrap());
    let decision = trail(&test).await[0].decision.clone().unwrap();
    assert_eq!((decision.by.as_deref(), decision.approved), (Some("bob, by mail"), false));
}

#[tokio::test]
async fn the_trail_cannot_be_rewritten_and_outlives_the_conversation() {
    let test = start(&open_gate());
    asked(&test).await;
    let clerk = test.get::<Clerk>("x").unwrap();
    let before = trail(&test).await;
    for statement in [
        "UPDATE domovoi_approvals SET input = '{}'",
        "DELETE FROM domovoi_approvals",
        "UPDATE domovoi_approval_events SET approved = 1",
    ] {
        let refused = clerk.run(move |_, cx| async move { cx.sql().execute(statement, ()) }).await;
        let refused = refused.unwrap();
        if statement.contains("events") {
            assert_eq!(refused.unwrap(), 0, "there is no event yet");
        } else {
            assert!(refused.unwrap_err().to_string().contains("never rewritten"));
        }
    }
    clerk.run(|_, cx| async move { cx.clear_history() }).await.unwrap().unwrap();
    let after = trail(&test).await;
    assert_eq!(after[0].request, before[0].request);
    assert!(!after[0].open, "there is no call any more that could run");
}

#[tokio::test]
async fn a_decision_over_a_message_that_is_being_written_survives_the_end_of_the_process() {
    let gate = CancellationToken::new();
    let mut test = start(&gate);
    let mut client = test.connect("clerk/x?name=anna").await.unwrap();
    ask(&client);
    until(&mut client, |frame| frame.to_json().contains("tool-approval-request")).await;
    client.send_frame(&approve(json!({"path": "b.txt"})));
    client.call::<()>("ping", ()).await.unwrap();
    test.crash().await.unwrap();

    let mut client = test.connect("clerk/x").await.unwrap();
    client.call::<()>("ping", ()).await.unwrap();
    // The answer goes on by itself.
    let text = |history: &Value| history[1].to_string().contains("go ahead\\\")");
    let mut history = get(&test, "get-messages").await;
    if !text(&history) {
        until_done(&mut client).await;
        history = get(&test, "get-messages").await;
    }
    assert!(text(&history), "{history}");
    assert!(!history[1].to_string().contains("interrupted"), "{history}");
    let record = trail(&test).await.remove(0);
    assert_eq!(record.decision.unwrap().by.as_deref(), Some("anna"));
}
