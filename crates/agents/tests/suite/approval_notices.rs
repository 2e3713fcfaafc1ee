//! An agent is told whenever what people are asked has changed, whatever becomes of the process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domovoi_agents::{
    chat::{ApprovalFilter, RecordedDecision},
    prelude::*,
    testing::TestAgents,
};
use domovoi_protocol::Chunk;
use futures::stream;
use tokio_util::sync::CancellationToken;

use crate::support::question::{asks_to_delete, open_gate};

const HOUR: Duration = Duration::from_secs(3600);

/// How many questions wait, as each notice found it.
#[derive(Default)]
struct Inbox;

#[agent(state = Vec<usize>)]
impl Inbox {
    #[callable]
    pub(crate) fn report(&self, cx: &Context<Self>, open: usize) -> Result<()> {
        Ok(cx.update_state(|told| told.push(open))?)
    }
}

/// Asks before it deletes a file.
#[derive(Clone)]
struct Clerk {
    /// Cancelled when the message with the question may end.
    gate: CancellationToken,
    /// Whether the inbox can be reached.
    reachable: Arc<AtomicBool>,
}

#[agent]
impl Clerk {}

impl AiChatAgent for Clerk {
    async fn on_chat_message(&self, _cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        if turn.continuation {
            let chunks = [Chunk::text_start("t"), Chunk::text_delta("t", "Done.")];
            return Ok(ChatReply::from_chunks(stream::iter(chunks.map(Ok))));
        }
        Ok(asks_to_delete(&self.gate))
    }

    async fn on_approvals_change(&self, cx: &Context<Self>) -> Result<()> {
        if !self.reachable.load(Ordering::Relaxed) {
            return Err("the inbox is not there".into());
        }
        let open = ApprovalFilter { open: Some(true), ..ApprovalFilter::default() };
        let open = cx.approvals(&open)?.len();
        Ok(cx.agents().get::<Inbox>("default")?.report(open).await?)
    }
}

fn start(gate: &CancellationToken, reachable: &Arc<AtomicBool>) -> TestAgents {
    let clerk = Clerk { gate: gate.clone(), reachable: Arc::clone(reachable) };
    TestAgents::new(move |agents| {
        let clerk = clerk.clone();
        agents.chat_agent_with(move || clerk.clone()).agent::<Inbox>()
    })
    .unwrap()
}

async fn ask(test: &TestAgents) {
    let clerk = test.get::<Clerk>("x").unwrap();
    let finished = clerk.run(|_, cx| async move { cx.ask_and_wait("Delete it.").await }).await;
    assert!(finished.unwrap().unwrap().message.is_some());
}

async fn told(test: &TestAgents) -> Vec<usize> {
    let inbox = test.get::<Inbox>("default").unwrap();
    inbox.run(|_, cx| async move { cx.state().to_vec() }).await.unwrap()
}

async fn decide(test: &TestAgents) -> bool {
    let decision = RecordedDecision::approval();
    let clerk = test.get::<Clerk>("x").unwrap();
    let decided =
        clerk.run(|_, cx| async move { cx.decide_approval("call", "anna", decision) }).await;
    decided.unwrap().unwrap()
}

#[tokio::test]
async fn a_question_and_its_decision_are_told_even_after_a_crash() {
    let mut test = start(&open_gate(), &Arc::new(AtomicBool::new(true)));
    ask(&test).await;
    // The process ends before anybody was told.
    test.crash().await.unwrap();
    assert_eq!(told(&test).await, [0; 0]);
    test.advance(Duration::ZERO).await.unwrap();
    assert_eq!(told(&test).await.last(), Some(&1));

    assert!(decide(&test).await);
    test.crash().await.unwrap();
    test.advance(Duration::ZERO).await.unwrap();
    assert_eq!(told(&test).await.last(), Some(&0));
    assert!(!decide(&test).await);
}

#[tokio::test]
async fn a_question_of_a_message_that_a_crash_has_cut_off_is_told() {
    let gate = CancellationToken::new();
    let mut test = start(&gate, &Arc::new(AtomicBool::new(true)));
    let mut client = test.connect("clerk/x").await.unwrap();
    let clerk = test.get::<Clerk>("x").unwrap();
    clerk.run(|_, cx| async move { cx.ask("Delete it.") }).await.unwrap();
    while !client.frame().await.unwrap().to_json().contains("tool-approval-request") {}
    test.crash().await.unwrap();
    // Nobody comes back to the conversation: the runtime wakes it.
    test.advance(Duration::ZERO).await.unwrap();
    assert_eq!(told(&test).await.last(), Some(&1));
}

#[tokio::test]
async fn a_question_that_leaves_the_conversation_is_told() {
    let test = start(&open_gate(), &Arc::new(AtomicBool::new(true)));
    ask(&test).await;
    test.advance(Duration::ZERO).await.unwrap();
    assert_eq!(told(&test).await.last(), Some(&1));
    let clerk = test.get::<Clerk>("x").unwrap();
    clerk.run(|_, cx| async move { cx.clear_history() }).await.unwrap().unwrap();
    test.advance(Duration::ZERO).await.unwrap();
    assert_eq!(told(&test).await.last(), Some(&0));
}

#[tokio::test]
async fn an_agent_that_cannot_take_the_notice_is_told_again() {
    let reachable = Arc::new(AtomicBool::new(false));
    let test = start(&open_gate(), &reachable);
    ask(&test).await;
    test.advance(HOUR).await.unwrap();
    assert_eq!(told(&test).await, [0; 0]);
    reachable.store(true, Ordering::Relaxed);
    test.advance(2 * HOUR).await.unwrap();
    assert_eq!(told(&test).await.last(), Some(&1));
}
