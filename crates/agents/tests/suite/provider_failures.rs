//! A whole chat turn with a provider that fails, on real sockets: what the person reads, what is
//! kept, that the next turn works.

use std::sync::Arc;

use domovoi_agents::prelude::*;
use domovoi_models::{
    LanguageModel,
    openai::{OpenAiConfig, OpenAiModel},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::support::{Client, Server, config};

/// Answers with the model at an address.
#[derive(Clone)]
struct Helper {
    model: Arc<dyn LanguageModel>,
}

#[agent]
impl Helper {}

impl AiChatAgent for Helper {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        Ok(StreamText::new(Arc::clone(&self.model))
            .messages(&cx.messages()?)
            .tool(get_weather)
            .into_reply())
    }
}

#[derive(Deserialize, JsonSchema)]
struct WeatherArgs {
    city: String,
}

/// Tells the temperature in a city.
#[tool]
async fn get_weather(args: WeatherArgs) -> Result<Value> {
    Ok(json!({"city": args.city, "temperature": 4}))
}

/// What a provider does with a connection once it has read the request.
enum Answer {
    /// Sends this and closes.
    Bytes(Vec<u8>),
    /// Sends this and is silent until the other side hangs up; tells `asked`, then `closed`.
    Hang(Vec<u8>, mpsc::Sender<&'static str>),
}

/// A provider that does one thing a request.
async fn provider(answers: impl IntoIterator<Item = Answer>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let answers: Vec<Answer> = answers.into_iter().collect();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            read_request(&mut socket).await;
            match answer {
                Answer::Bytes(bytes) => {
                    // Who has read enough may hang up before the end.
                    let _ = socket.write_all(&bytes).await;
                    let _ = socket.shutdown().await;
                }
                Answer::Hang(bytes, tell) => {
                    socket.write_all(&bytes).await.unwrap();
                    tell.send("asked").await.unwrap();
                    let _ = socket.read_u8().await;
                    tell.send("closed").await.unwrap();
                }
            }
        }
    });
    url
}

async fn read_request(socket: &mut TcpStream) {
    let mut bytes = Vec::new();
    loop {
        socket.read_buf(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        if body.len() >= length.unwrap() {
            return;
        }
    }
}

fn status(line: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Bytes(
        format!(
            "HTTP/1.1 {line}\r\n{headers}content-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const HAL: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hal\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

fn events(events: &str) -> Vec<u8> {
    format!("{HEAD}{events}").into_bytes()
}

fn good() -> Answer {
    Answer::Bytes(events(&format!("{HAL}{STOP}data: [DONE]\n\n")))
}

struct Chat {
    _folder: tempfile::TempDir,
    server: Server,
    client: Client,
    turns: usize,
}

impl Chat {
    async fn with(base_url: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = OpenAiConfig { base_url, api_key: None, model: "m".into() };
        let helper = Helper { model: Arc::new(OpenAiModel::new(model).unwrap()) };
        let agents = Agents::builder(config(folder.path()));
        let server = Server::start(agents.chat_agent_with(move || helper.clone())).await;
        let mut client = server.connect("helper/x").await;
        client.next_of("cf_agent_identity").await;
        Self { _folder: folder, server, client, turns: 0 }
    }

    async fn ask(&mut self) -> String {
        self.turns += 1;
        let id = format!("t{}", self.turns);
        let message = json!({"id": format!("user-{id}"), "role": "user",
            "parts": [{"type": "text", "text": "Hi"}]});
        let body = json!({"messages": [message], "trigger": "submit-message"}).to_string();
        let request = json!({"type": "cf_agent_use_chat_request", "id": id,
            "init": {"method": "POST", "body": body}});
        self.client.send(request).await;
        id
    }

    /// The error of the turn that runs, where it ends with one.
    async fn end(&mut self) -> Option<String> {
        let mut error = None;
        loop {
            let frame = self.client.next_of("cf_agent_use_chat_response").await;
            if frame["error"] == json!(true) {
                let text = frame["body"].as_str().filter(|text| !text.is_empty());
                error = text.map(str::to_owned).or(error);
            }
            if frame["done"] == json!(true) {
                return error;
            }
        }
    }

    /// Text of the newest answer, and its outcome.
    async fn newest_answer(&self) -> Option<(String, Value)> {
        let (_, body) = self.server.get("helper/x/get-messages").await;
        let history: Vec<Value> = serde_json::from_str(&body).unwrap();
        let last = history.last().filter(|message| message["role"] == "assistant")?;
        let parts = last["parts"].as_array().unwrap();
        let text = parts.iter().filter(|part| part["type"] == "text");
        let text = text.map(|part| part["text"].as_str().unwrap()).collect();
        Some((text, last["metadata"]["turn"]["outcome"].clone()))
    }
}

/// One turn with this failure, then one that works.
async fn fails_with(failure: Answer, expected: &str, kept: Option<&str>) {
    let mut chat = Chat::with(provider([failure, good()]).await).await;
    chat.ask().await;
    let error = chat.end().await.expect("the person is told");
    assert!(error.contains(expected), "{error}");
    let answer = chat.newest_answer().await;
    assert_eq!(answer, kept.map(|text| (text.to_owned(), json!("error"))));
    chat.ask().await;
    assert_eq!(chat.end().await, None, "the next turn works");
    assert_eq!(chat.newest_answer().await.unwrap().0, "Hal");
}

#[tokio::test]
async fn refused_connections_are_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let mut chat = Chat::with(url).await;
    chat.ask().await;
    let error = chat.end().await.unwrap();
    assert!(error.contains("cannot be reached. Check the address and the network."), "{error}");
    assert_eq!(chat.newest_answer().await, None);
}

#[tokio::test]
async fn http_errors_are_told_with_what_to_do() {
    for (failure, expected) in [
        (status("401 Unauthorized", "", "{}"), "refused the API key. Check the key"),
        (status("429 Too Many Requests", "", "{}"), "Please try again in a moment."),
        (status("429 Too Many Requests", "retry-after: 20\r\n", "{}"), "try again in 20 seconds."),
        (
            status("500 Internal Server Error", "", r#"{"error":{"message":"Oh no"}}"#),
            "answered with an error: Oh no (HTTP 500). Please try again.",
        ),
        (status("404 Not Found", "", "{}"), "Check the model's name"),
    ] {
        fails_with(failure, expected, None).await;
    }
}

#[tokio::test]
async fn what_came_before_a_failure_is_kept() {
    let tail = |tail: &[u8]| Answer::Bytes([&events(HAL), tail].concat());
    let mut flood = b"data: {\"choices\":[{\"delta\":{\"content\":\"".to_vec();
    flood.resize(10_000_000, b'a');
    for (failure, expected) in [
        (tail(b""), "The model stopped in the middle of its answer. Please try again."),
        (tail(b"data: {\"choi"), "The model stopped in the middle of its answer."),
        (tail(b"data: <html>\n\n"), "not a chat completion"),
        (tail(b"data: \xff\xfe\n\n"), "not a chat completion"),
        (tail(&flood), "more than 4 MB in one piece"),
        (tail(b"data: {\"error\":{\"message\":\"Overloaded\"}}\n\n"), "Overloaded"),
    ] {
        fails_with(failure, expected, Some("Hal")).await;
    }
}

#[tokio::test]
async fn hanging_before_the_first_byte_and_midway_is_ended_by_stop() {
    for (before, kept) in [(Vec::new(), None), (events(HAL), Some("Hal"))] {
        let (tell, mut told) = mpsc::channel(1);
        let url = provider([Answer::Hang(before, tell), good()]).await;
        let mut chat = Chat::with(url).await;
        let id = chat.ask().await;
        assert_eq!(told.recv().await, Some("asked"));
        if kept.is_some() {
            let seen = |frame: &Value| frame["body"].as_str().unwrap_or_default().contains("Hal");
            while !seen(&chat.client.next_of("cf_agent_use_chat_response").await) {}
        }
        chat.client.send(json!({"type": "cf_agent_chat_request_cancel", "id": id})).await;
        assert_eq!(chat.end().await, None);
        assert_eq!(told.recv().await, Some("closed"));
        let answer = chat.newest_answer().await;
        assert_eq!(answer, kept.map(|text| (text.to_owned(), json!("aborted"))));
        chat.ask().await;
        assert_eq!(chat.end().await, None, "the next turn works");
    }
}

#[tokio::test]
async fn calls_of_unknown_tools_and_with_broken_arguments_go_back_to_the_model() {
    let call = |name: &str, arguments: &str| {
        let call = json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c1",
            "function": {"name": name, "arguments": arguments}}]}, "finish_reason": "tool_calls"}]});
        Answer::Bytes(events(&format!("data: {call}\n\n")))
    };
    for (name, arguments) in [("fly", "{}"), ("get_weather", "{\"city\":"), ("get_weather", "{}")] {
        let mut chat = Chat::with(provider([call(name, arguments), good()]).await).await;
        chat.ask().await;
        assert_eq!(chat.end().await, None, "{name} {arguments}");
        let (text, _) = chat.newest_answer().await.unwrap();
        assert_eq!(text, "Hal");
        let (_, history) = chat.server.get("helper/x/get-messages").await;
        assert!(history.contains("errorText"), "{history}");
    }
}
