//! What endpoints send that the book does not have: each on a real socket, byte by byte.

use std::time::Duration;

use domovoi_models::openai::{OpenAiConfig, OpenAiModel};
use domovoi_models::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelStream, ToolCall, Usage,
};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::support::http::{Server, open_stream, response, write};
use crate::support::{ask, reply};

type Events = Vec<Result<ModelEvent, ModelError>>;

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const HAL: &str = r#"{"choices":[{"delta":{"content":"Hal"}}]}"#;
const LO: &str = r#"{"choices":[{"delta":{"content":"lo"}}]}"#;
const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;

fn model_at(server: &Server) -> OpenAiModel {
    let base_url = format!("{}/v1", server.url);
    OpenAiModel::new(OpenAiConfig { base_url, api_key: None, model: "m".into() }).unwrap()
}

/// The events of an answer whose body is this, to the end of the connection.
async fn events_of(body: impl AsRef<[u8]>) -> Events {
    let server = Server::answering([HEAD.as_bytes(), body.as_ref()].concat()).await;
    reply(&model_at(&server), ask("Hi", 9)).await.unwrap()
}

fn text(text: &str) -> ModelEvent {
    ModelEvent::Text(text.into())
}

fn finish(reason: FinishReason) -> ModelEvent {
    ModelEvent::Finish { reason, usage: None }
}

fn hallo() -> [ModelEvent; 3] {
    [text("Hal"), text("lo"), finish(FinishReason::Stop)]
}

fn oks(events: Events) -> Vec<ModelEvent> {
    events.into_iter().map(Result::unwrap).collect()
}

/// The text of the error that ends the reply, which must come after `before` good events.
fn error_after(before: usize, mut events: Events) -> String {
    let error = events.pop().unwrap().unwrap_err();
    assert_eq!(oks(events).len(), before);
    error.to_string()
}

#[tokio::test]
async fn the_last_line_may_be_missing() {
    assert_eq!(
        oks(events_of(format!("data: {HAL}\n\ndata: {LO}\n\ndata: {STOP}\n\n")).await),
        hallo()
    );
}

#[tokio::test]
async fn usage_may_come_after_the_end_and_without_a_choice() {
    for choices in [r#""choices":[],"#, r#""choices":null,"#, ""] {
        let usage = format!(r#"{{{choices}"usage":{{"prompt_tokens":3,"completion_tokens":4}}}}"#);
        let events = events_of(format!("data: {STOP}\n\ndata: {usage}\n\ndata: [DONE]\n\n")).await;
        let usage = Some(Usage { input_tokens: 3, output_tokens: 4 });
        assert_eq!(oks(events), [ModelEvent::Finish { reason: FinishReason::Stop, usage }]);
    }
}

#[tokio::test]
async fn pieces_of_a_call_may_have_no_index() {
    let events = events_of(
        [
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":":1}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]}}]}"#,
            STOP,
        ]
        .map(|event| format!("data: {event}\n\n"))
        .concat(),
    )
    .await;
    let call = |id: &str, name: &str, arguments: &str| {
        let [id, name, arguments] = [id, name, arguments].map(str::to_owned);
        ModelEvent::ToolCall(ToolCall { id, name, arguments })
    };
    assert_eq!(
        oks(events)[5..],
        [call("a", "f", r#"{"x":1}"#), call("b", "g", "{}"), finish(FinishReason::ToolCalls)]
    );
}

#[tokio::test]
async fn chunks_may_say_only_who_speaks_or_nothing() {
    let nothing = [
        r#"{"choices":[{"delta":{"role":"assistant"}}]}"#,
        r#"{"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":null}}]}"#,
        r#"{"choices":[{"delta":{"content":""},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":null,"finish_reason":""}]}"#,
        r#"{"choices":[{"index":0}],"usage":null,"error":null}"#,
        "{}",
    ];
    let body: String =
        nothing.iter().chain(&[HAL, LO, STOP]).map(|e| format!("data: {e}\n\n")).collect();
    assert_eq!(oks(events_of(body).await), hallo());
}

#[tokio::test]
async fn comments_line_ends_and_missing_spaces_do_not_matter() {
    for body in [
        format!(
            ": ping\n\ndata: {HAL}\n\n:\n: ping\n\ndata: {LO}\n\nevent: ping\n\ndata: {STOP}\n\n"
        ),
        format!("data: {HAL}\r\n\r\ndata: {LO}\r\n\r\ndata: {STOP}\r\n\r\ndata: [DONE]\r\n\r\n"),
        format!("data:{HAL}\n\ndata:{LO}\n\ndata:{STOP}\n\ndata:[DONE]\n\n"),
        format!("id: 1\nevent: message\nretry: 5\ndata: {HAL}\n\ndata: {LO}\n\ndata: {STOP}\n\n"),
    ] {
        assert_eq!(oks(events_of(&body).await), hallo(), "{body}");
    }
}

#[tokio::test]
async fn an_end_that_is_told_twice_is_one_end() {
    let length = STOP.replace("stop", "length");
    let body = format!("data: {HAL}\n\ndata: {length}\n\ndata: {STOP}\n\n");
    assert_eq!(oks(events_of(body).await), [text("Hal"), finish(FinishReason::Length)]);
}

#[tokio::test]
async fn a_reply_that_is_not_streamed_is_taken_whole() {
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"Hallo"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let server = Server::answering(response("200 OK", "application/json", body)).await;
    let events = reply(&model_at(&server), ask("Hi", 9)).await.unwrap();
    let usage = Some(Usage { input_tokens: 1, output_tokens: 2 });
    let finish = ModelEvent::Finish { reason: FinishReason::Stop, usage };
    assert_eq!(oks(events), [text("Hallo"), finish]);
}

#[tokio::test]
async fn content_may_be_parts() {
    let parts = r#"{"choices":[{"delta":{"content":[
        {"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},{"type":"text","text":"Hi"}]}}]}"#
        .replace('\n', "");
    let events = events_of(format!("data: {parts}\n\ndata: {STOP}\n\n")).await;
    let reasoning = ModelEvent::Reasoning("Hm.".into());
    assert_eq!(oks(events), [reasoning, text("Hi"), finish(FinishReason::Stop)]);
}

#[tokio::test]
async fn errors_inside_a_stream_are_told_in_the_providers_words() {
    for (error, expected) in [
        (r#"{"error":{"message":"Upstream is gone","code":502}}"#, "Upstream is gone"),
        (r#"{"error":"Upstream is gone"}"#, "Upstream is gone"),
        (r#"{"object":"error","message":"Upstream is gone","code":400}"#, "Upstream is gone"),
        (r#"{"error":{"message":"Slow down","code":"429"}}"#, "asked too often (Slow down)"),
        (r#"{"error":{"message":"Slow down","type":"rate_limit_exceeded"}}"#, "asked too often"),
    ] {
        let text = error_after(1, events_of(format!("data: {HAL}\n\ndata: {error}\n\n")).await);
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn ten_megabytes_in_one_chunk_are_refused_and_what_came_before_is_kept() {
    let mut body =
        format!("data: {HAL}\n\ndata: {{\"choices\":[{{\"delta\":{{\"content\":\"").into_bytes();
    body.resize(body.len() + 10_000_000, b'a');
    body.extend_from_slice(b"\"}}]}\n\n");
    let server = Server::start(move |_, mut socket| {
        let body = [HEAD.as_bytes(), &body].concat();
        // The other side hangs up in the middle.
        async move { drop(socket.write_all(&body).await) }
    })
    .await;
    let events = reply(&model_at(&server), ask("Hi", 9)).await.unwrap();
    let text = error_after(1, events);
    assert!(text.contains("more than 4 MB in one piece"), "{text}");
}

#[tokio::test]
async fn two_megabytes_in_one_chunk_are_an_answer() {
    let long = "a".repeat(2_000_000);
    let event = HAL.replace("Hal", &long);
    let events = events_of(format!("data: {event}\n\ndata: {STOP}\n\n")).await;
    assert_eq!(oks(events), [text(&long), finish(FinishReason::Stop)]);
}

#[tokio::test]
async fn garbage_is_an_error_that_does_not_repeat_it() {
    for garbage in [&b"data: {not json}\n\n"[..], b"data: \xff\xfe\xfd\n\n", b"data: \"text\"\n\n"]
    {
        let body = [format!("data: {HAL}\n\n").as_bytes(), garbage].concat();
        let text = error_after(1, events_of(body).await);
        assert!(text.contains("not a chat completion") && !text.contains("not json"), "{text}");
    }
    let text = error_after(0, events_of("\0\u{1}\u{2} hello <html>\n\nwhat?\n").await);
    assert!(text.contains("the answer was empty"), "{text}");
    assert!(error_after(0, events_of("").await).contains("the answer was empty"));
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_keeps_what_came() {
    let half_an_event = format!("{}28\r\ndata: {{\"choi", open_stream(&[HAL]));
    let server = Server::answering(half_an_event).await;
    let events = reply(&model_at(&server), ask("Hi", 9)).await.unwrap();
    let text = error_after(1, events);
    assert_eq!(text, "The model stopped in the middle of its answer. Please try again.");
}

/// A server that is silent, before its first byte or after the first word, until it is told to go
/// on. It tells when it is asked and when the other side hangs up.
struct SilentServer {
    server: Server,
    go_on: mpsc::Sender<()>,
    seen: mpsc::Receiver<&'static str>,
}

impl SilentServer {
    async fn start(before: String) -> Self {
        let (go_on, wait) = mpsc::channel::<()>(1);
        let wait = std::sync::Arc::new(tokio::sync::Mutex::new(wait));
        let (tell, seen) = mpsc::channel(4);
        let server = Server::start(move |_, mut socket| {
            let (tell, wait, before) = (tell.clone(), wait.clone(), before.clone());
            async move {
                socket.write_all(before.as_bytes()).await.unwrap();
                tell.send("asked").await.unwrap();
                let mut wait = wait.lock().await;
                tokio::select! {
                    _ = wait.recv() => {
                        let head = if before.is_empty() { HEAD } else { "" };
                        let rest = format!("{head}data: {LO}\n\ndata: {STOP}\n\n");
                        write(socket, rest.as_bytes()).await;
                    }
                    end = socket.read_u8() => {
                        assert!(end.is_err(), "nothing more is said");
                        tell.send("closed").await.unwrap();
                    }
                }
            }
        })
        .await;
        Self { server, go_on, seen }
    }
}

#[tokio::test]
async fn silence_for_an_hour_does_not_end_a_reply() {
    for before in [String::new(), format!("{HEAD}data: {HAL}\n\n")] {
        let mut silent = SilentServer::start(before.clone()).await;
        let model = model_at(&silent.server);
        let answer = tokio::spawn(async move { reply(&model, ask("Hi", 9)).await.unwrap() });
        assert_eq!(silent.seen.recv().await, Some("asked"));
        // Whatever counts time on our side does it on this clock.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(3600)).await;
        tokio::time::resume();
        silent.go_on.send(()).await.unwrap();
        let expected = if before.is_empty() { &hallo()[1..] } else { &hallo()[..] };
        assert_eq!(oks(answer.await.unwrap()), expected);
    }
}

#[tokio::test]
async fn stopping_closes_the_connection_before_the_first_byte_and_in_the_middle() {
    let mut silent = SilentServer::start(String::new()).await;
    let model = model_at(&silent.server);
    let asking = tokio::spawn(async move { reply(&model, ask("Hi", 9)).await });
    assert_eq!(silent.seen.recv().await, Some("asked"));
    asking.abort();
    assert_eq!(silent.seen.recv().await, Some("closed"));

    let mut silent = SilentServer::start(format!("{HEAD}data: {HAL}\n\n")).await;
    let mut answer: ModelStream = model_at(&silent.server).stream(ask("Hi", 9)).await.unwrap();
    assert_eq!(answer.next().await.unwrap().unwrap(), text("Hal"));
    drop(answer);
    assert_eq!(silent.seen.recv().await, Some("asked"));
    assert_eq!(silent.seen.recv().await, Some("closed"));
}

/// A provider that vanished is found by probes: the kernel's list shows that they are on, and how
/// soon the first one goes out.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_connection_is_probed() {
    let mut silent = SilentServer::start(format!("{HEAD}data: {HAL}\n\n")).await;
    let port: u16 = silent.server.url.rsplit(':').next().unwrap().parse().unwrap();
    let mut answer = model_at(&silent.server).stream(ask("Hi", 9)).await.unwrap();
    answer.next().await.unwrap().unwrap();
    assert_eq!(silent.seen.recv().await, Some("asked"));
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let to_server = format!(":{port:04X}");
    let line = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| fields.get(2).is_some_and(|remote| remote.ends_with(&to_server)))
        .expect("the connection is in the list");
    let (timer, ticks) = line[5].split_once(':').unwrap();
    // 2 is the keep-alive timer; its time is in hundredths of a second.
    let ticks = u64::from_str_radix(ticks, 16).unwrap();
    assert!(timer == "02" && ticks <= 1500, "{line:?}");
}

#[tokio::test]
async fn pages_that_an_answer_rests_on_are_told_once() {
    let source = |url: &str, title: Option<&str>| ModelEvent::Source {
        url: url.into(),
        title: title.map(Into::into),
    };
    let cited = |url: &str, title: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"Hal","annotations":[
            {{"type":"url_citation","url_citation":{{"url":"{url}","title":"{title}","start_index":1}}}},
            {{"type":"file_citation"}}]}}}}]}}"#
        )
        .replace('\n', "")
    };
    let [a, b] = [cited("https://a.example", "A"), cited("https://b.example", "")];
    let events = events_of(format!("data: {a}\n\ndata: {b}\n\ndata: {a}\n\ndata: {STOP}\n\n"));
    assert_eq!(
        oks(events.await),
        [
            text("Hal"),
            source("https://a.example", Some("A")),
            text("Hal"),
            source("https://b.example", None),
            text("Hal"),
            finish(FinishReason::Stop),
        ]
    );
    // Beside the choice, with every chunk.
    for (field, title) in [
        (r#""citations":["https://a.example"]"#, None),
        (
            r#""citations":["https://a.example"],"search_results":[{"title":"A","url":"https://a.example"}]"#,
            Some("A"),
        ),
    ] {
        let beside = |chunk: &str| chunk.replacen('{', &format!("{{{field},"), 1);
        let (hal, stop) = (beside(HAL), beside(STOP));
        let events = events_of(format!("data: {hal}\n\ndata: {stop}\n\n")).await;
        let expected =
            [source("https://a.example", title), text("Hal"), finish(FinishReason::Stop)];
        assert_eq!(oks(events), expected);
    }
}
