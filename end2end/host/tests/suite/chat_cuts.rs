//! A turn of 200 tokens whose connection, or whose server, goes away after each of its chunks.

use domovoi_client::chat::ChatSession;
use domovoi_protocol::UiMessage;
use futures::{StreamExt, stream};
use serde_json::Value;

use crate::support::{
    Host, Place,
    chatter::{Chatter, answer},
    proxy::{After, Proxy},
};

const AGENT: &str = "bench-chat-agent";
const TOKENS: usize = 200;

/// Begin of the message, begin of its text, tokens, end of the text.
const CHUNKS: usize = TOKENS + 3;

/// Conversations at a time.
const AT_ONCE: usize = 24;

/// The whole answer.
fn whole() -> String {
    (0..TOKENS).map(|index| format!("tok{index} ")).collect()
}

/// Fails as soon as the answer shows anything but a beginning of the whole one, or shrinks.
fn grows(chatter: &Chatter) {
    let (whole, longest) = (whole(), std::sync::atomic::AtomicUsize::new(0));
    chatter.check(move |session| {
        let text = answer(session);
        if !whole.starts_with(&text) {
            return Err(format!("the answer reads {text:?}"));
        }
        let before = longest.fetch_max(text.len(), std::sync::atomic::Ordering::Relaxed);
        if text.len() < before {
            return Err(format!("the answer had {before} letters and has {}", text.len()));
        }
        Ok(())
    });
}

fn is_whole(session: &ChatSession) -> bool {
    answer(session) == whole()
}

/// The number of the chunk in a frame.
fn seq(frame: &str) -> Option<usize> {
    let frame: Value = serde_json::from_str(frame).ok()?;
    (frame["type"] == "cf_agent_use_chat_response")
        .then(|| frame["seq"].as_u64())?
        .map(|seq| seq as usize)
}

/// A rule that cuts once, after the chunk with this number.
fn once_after(chunk: usize) -> impl FnMut(&str) -> After {
    let mut done = false;
    move |frame| {
        if !done && seq(frame) == Some(chunk) {
            done = true;
            return After::Cut;
        }
        After::GoOn
    }
}

async fn history(host: &Host, name: &str) -> Vec<UiMessage> {
    let (status, body) = host.get(&format!("/agents/{AGENT}/{name}/get-messages")).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Has a turn with a cut after each chunk, in a conversation each.
async fn cut_at_each_chunk(order: &str) {
    let place = Place::new();
    let host = place.start();
    let cases = (0..CHUNKS).map(|chunk| {
        let host = &host;
        async move {
            let name = format!("cut-{chunk}");
            let proxy = Proxy::start(&host.address, once_after(chunk)).await;
            let chatter = Chatter::join(&proxy.address, AGENT, &name);
            grows(&chatter);
            chatter.say(order);
            proxy.cut(1).await;
            chatter.until(&format!("whole after a cut at {chunk}"), is_whole).await;
            chatter.rest().await;
            let messages = history(host, &name).await;
            chatter.until("as the server has it", |it| it.messages().eq(&messages)).await;
            assert_eq!(messages.len(), 2, "{messages:?}");
            assert_eq!(proxy.cuts(), 1);
        }
    });
    stream::iter(cases).buffer_unordered(AT_ONCE).collect::<()>().await;
    place.assert_no_panic();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_runs_on_is_whole_after_a_cut_at_any_chunk() {
    cut_at_each_chunk("gen tokens=200 pace=2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_is_over_at_once_is_whole_after_a_cut_at_any_chunk() {
    cut_at_each_chunk("gen tokens=200 pace=0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_is_cut_after_each_of_its_chunks_is_whole() {
    let place = Place::new();
    let host = place.start();
    let mut next = 0;
    let proxy = Proxy::start(&host.address, move |frame| match seq(frame) {
        Some(chunk) if chunk == next => {
            next += 1;
            After::Cut
        }
        _ => After::GoOn,
    })
    .await;
    let chatter = Chatter::join(&proxy.address, AGENT, "cut");
    grows(&chatter);
    chatter.say("gen tokens=200 pace=0 hold=600000");
    // The end of the text is not there before the end of the turn.
    proxy.cut(CHUNKS - 1).await;
    chatter.until("whole", is_whole).await;
    chatter.act(ChatSession::stop);
    chatter.rest().await;
    assert!(is_whole(&chatter.session()));
    assert_eq!(answer_of(&history(&host, "cut").await), whole());
    place.assert_no_panic();
}

fn answer_of(messages: &[UiMessage]) -> String {
    messages.last().map(UiMessage::text).unwrap_or_default()
}

/// Chunks after which the server is killed: each of the first ones, some in the text, the last.
const KILLED_AFTER: [usize; 14] = [0, 1, 2, 3, 4, 10, 25, 64, 66, 100, 150, 199, 201, 202];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_whose_server_is_killed_after_any_chunk_ends_visibly_and_can_be_had_again() {
    let place = Place::new();
    let mut host = place.start();
    for chunk in KILLED_AFTER {
        let name = format!("killed-{chunk}");
        let proxy = Proxy::start(&host.address, once_after(chunk)).await;
        let chatter = Chatter::join(&proxy.address, AGENT, &name);
        grows(&chatter);
        chatter.say("gen tokens=200 pace=1");
        proxy.cut(1).await;
        host.kill();
        host = place.start();
        proxy.lead_to(&host.address);

        // Whoever comes first wakes the instance, and then the turn is over.
        let kept = history(&host, &name).await;
        let seen: String = (1..chunk).map(|token| format!("tok{} ", token - 1)).collect();
        let text = answer_of(&kept[1..]);
        assert!(whole().starts_with(&text), "after {chunk}: {text}");
        assert!(text.len() >= seen.len().min(whole().len()), "after {chunk}: only {text} is kept");
        for message in &kept[1..] {
            let outcome = message.metadata.as_ref().map(|it| it["turn"]["outcome"].clone());
            let interrupted = outcome == Some("interrupted".into());
            assert!(interrupted || text == whole(), "after {chunk}: {message:?}");
        }
        chatter.rest().await;
        chatter.until("as the server has it", |it| it.messages().eq(&kept)).await;

        chatter.check(|_| Ok(()));
        chatter.act(ChatSession::regenerate);
        chatter.until("whole", is_whole).await;
        chatter.rest().await;
        let messages = history(&host, &name).await;
        assert_eq!(messages.len(), 2, "after {chunk}: {messages:?}");
        assert_eq!(messages[0], kept[0]);
        chatter.until("as the server has it", |it| it.messages().eq(&messages)).await;
        let late = Chatter::join(&host.address, AGENT, &name);
        late.until("as the others", |it| it.messages().eq(&messages)).await;
    }
    host.assert_answers().await;
    place.assert_no_panic();
}
