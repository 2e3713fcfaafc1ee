//! The embedded model with real weights and a real child process.
//!
//! Every test that computes is here, so that a test runner can run them one after another.
#![cfg(all(unix, feature = "embedded-model"))]
use std::process::Stdio;

use domovoi_models::embedded::{EmbeddedConfig, EmbeddedModel, WorkerCommand};
use domovoi_models::weights::{Catalogue, WeightsChoice};
use domovoi_models::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelMessage, ModelReadiness,
    ModelRequest, QueuePosition, ResponseFormat, ToolChoice, ToolDefinition,
};
use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::support::http::closed_port;
use crate::support::weights::smollm2;
use crate::support::{ask, reply, text};

/// Longer than any test waits for.
const LONG: &str = "Write a very long story about a house spirit. Never stop.";

pub(crate) fn config(weights: WeightsChoice, folder: &TempDir) -> EmbeddedConfig {
    let worker = WorkerCommand::new(env!("CARGO_BIN_EXE_domovoi-model-worker"), [] as [&str; 0]);
    let mut config = EmbeddedConfig::new(worker, folder.path());
    config.weights = weights;
    config.threads = Some(1);
    config.context_tokens = Some(1024);
    config
}

async fn start(max_queue: usize) -> EmbeddedModel {
    let folder = TempDir::new().unwrap();
    let mut config = config(WeightsChoice::Path(smollm2().await), &folder);
    config.max_queue = max_queue;
    EmbeddedModel::start(config)
}

/// Waits until the model failed; answers why.
pub(crate) async fn failure(model: &EmbeddedModel) -> String {
    let mut status = model.status();
    let failed = |readiness: &ModelReadiness| matches!(readiness, ModelReadiness::Failed { .. });
    let status = status.wait_for(|status| failed(&status.readiness)).await.unwrap();
    match &status.readiness {
        ModelReadiness::Failed { message } => message.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_reads_as_much_as_it_says_and_never_more_tokens_than_estimated() {
    let model = start(1).await;
    let texts = [
        "The quick brown fox jumps over the lazy dog, and then it sleeps. ".repeat(8),
        "В доме живёт домовой, и он не спит по ночам. ".repeat(4),
        "家里住着一个精灵,它晚上不睡觉。".repeat(4),
        r#"{"id": 1234567890, "values": [3.14159, 2.71828], "path": "/a/b_c/d-e"}"#.repeat(4),
        "fn main() { let x: Vec<u8> = vec![0; 16]; println!(\"{x:?}\"); }\n".repeat(4),
    ];
    for text in texts {
        let estimate = model.count_tokens(&text) as u64;
        let mut request = ModelRequest::new(vec![
            ModelMessage::System { content: String::new() },
            ModelMessage::User { content: text.as_str().into() },
        ]);
        request.max_tokens = Some(1);
        let events = reply(&model, request).await.unwrap();
        let Some(Ok(ModelEvent::Finish { usage: Some(usage), .. })) = events.last() else {
            panic!("{events:?}");
        };
        // Eight for each message, as the agents count.
        assert!(usage.input_tokens <= estimate + 16, "{usage:?}, {estimate} estimated: {text}");
    }
    assert_eq!(model.context_window(), Some(1024));
}

#[tokio::test]
async fn a_conversation_streams_and_goes_on() {
    // Asked while it loads: the question waits.
    let model = start(1).await;
    assert!(!model.name().is_empty());
    let events = reply(&model, ask("What is the capital of France?", 12)).await.unwrap();
    let answer = text(&events);
    assert!(events.len() > 2 && !answer.is_empty(), "{events:?}");
    let Some(Ok(ModelEvent::Finish { reason, usage: Some(usage) })) = events.last() else {
        panic!("{events:?}");
    };
    assert!(matches!(reason, FinishReason::Stop | FinishReason::Length));
    assert!(usage.input_tokens > 10 && (1..=12).contains(&usage.output_tokens), "{usage:?}");
    assert_eq!(model.status().borrow().readiness, ModelReadiness::Ready);

    let mut next = ModelRequest::new(vec![
        ModelMessage::User { content: "What is the capital of France?".into() },
        ModelMessage::Assistant { content: answer, tool_calls: vec![] },
        ModelMessage::User { content: "And of Spain? ¿Y de España? 🏠".into() },
    ]);
    next.max_tokens = Some(3);
    let events = reply(&model, next).await.unwrap();
    let Some(Ok(ModelEvent::Finish { usage: Some(second), .. })) = events.last() else {
        panic!("{events:?}");
    };
    assert!(second.input_tokens > usage.input_tokens, "{second:?}");

    // What the context remembers of other conversations does not change an answer.
    let mut certain = ask("Name three colours.", 8);
    certain.temperature = Some(0.0);
    let first = reply(&model, certain.clone()).await.unwrap();
    reply(&model, ask("Name three animals.", 2)).await.unwrap();
    let again = reply(&model, certain).await.unwrap();
    assert_eq!(text(&first), text(&again));
}

#[tokio::test]
async fn requests_queue_up_to_a_bound_and_dropping_one_makes_room() {
    let model = start(1).await;
    let mut first = model.stream(ask(LONG, 900)).await.unwrap();
    first.next().await.unwrap().unwrap();
    let second = model.stream(ask("Say hello.", 2)).await.unwrap();
    assert!(matches!(
        model.stream(ask("Say hello.", 2)).await.err(),
        Some(ModelError::Busy { waiting: 1 })
    ));
    drop(second);
    let third = model.stream(ask("Say hello.", 2)).await.unwrap();
    let pid = model.worker_pid();
    // The first answer would take long; dropped, it makes way.
    drop(first);
    let events: Vec<_> = third.collect().await;
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
    assert_eq!(model.worker_pid(), pid, "it was told to stop, not killed");
}

#[tokio::test]
async fn conversations_take_turns_and_see_the_queue() {
    let model = start(4).await;
    let of = |conversation: &str, question: &str, max_tokens: u32| {
        let position = QueuePosition::new();
        let ahead = position.watch();
        let mut request = ask(question, max_tokens);
        request.metadata.conversation = Some(conversation.to_owned());
        request.metadata.queue = Some(position);
        (request, ahead)
    };
    let mut first = model.stream(of("busy", LONG, 900).0).await.unwrap();
    first.next().await.unwrap().unwrap();
    let (request, busy) = of("busy", "Say hello.", 2);
    let second = model.stream(request).await.unwrap();
    let (request, mut quiet) = of("quiet", "Say hello.", 2);
    let third = model.stream(request).await.unwrap();
    assert_eq!((*quiet.borrow(), *busy.borrow(), model.status().borrow().waiting), (1, 2, 2));

    // Who asked later is first: it is its turn.
    drop(first);
    quiet.wait_for(|ahead| *ahead == 0).await.unwrap();
    let events: Vec<_> = third.collect().await;
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
    let events: Vec<_> = second.collect().await;
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
    assert_eq!(model.status().borrow().waiting, 0);
}

#[tokio::test]
async fn a_killed_worker_interrupts_one_answer_and_comes_back() {
    let model = start(1).await;
    let mut answer = model.stream(ask(LONG, 900)).await.unwrap();
    answer.next().await.unwrap().unwrap();
    let waiting = model.stream(ask("Say hello.", 2)).await.unwrap();
    let pid = model.worker_pid().unwrap();
    let kill = Command::new("kill").args(["-9", &pid.to_string()]).status().await.unwrap();
    assert!(kill.success());
    let rest: Vec<_> = answer.collect().await;
    assert!(matches!(rest.last(), Some(Err(ModelError::Interrupted(Some(_))))), "{rest:?}");

    let events: Vec<_> = waiting.collect().await;
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
    assert_ne!(model.worker_pid(), Some(pid));
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_refused_and_the_next_is_answered() {
    let model = start(1).await;
    let events = reply(&model, ask(&"word ".repeat(3000), 5)).await.unwrap();
    let [Err(ModelError::ContextExceeded { tokens, limit: 960 })] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert!(*tokens > 3000);
    // Longer than a batch, which alone would abort llama.cpp, and ended by the context's end.
    let events = reply(&model, ask(&"word ".repeat(900), 4000)).await.unwrap();
    let Some(Ok(ModelEvent::Finish { usage: Some(usage), .. })) = events.last() else {
        panic!("{events:?}");
    };
    assert!(usage.input_tokens > 900 && usage.input_tokens + usage.output_tokens <= 1024);
}

#[tokio::test]
async fn weights_that_cannot_be_used_say_why_and_what_to_do() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing.gguf");
    let damaged = folder.path().join("SmolLM2-135M-Instruct.Q4_1.gguf");
    std::fs::write(&damaged, b"GGUF, the first half").unwrap();
    let unknown = folder.path().join("unknown.gguf");
    std::fs::write(&unknown, [b"GGUF".as_slice(), &[7; 4096]].concat()).unwrap();
    for (path, expected) in [
        (missing, "cannot be read"),
        (damaged, "damaged or incomplete: it has 20 bytes, not 98362432"),
        (unknown, "cannot be loaded: it is damaged, or of a kind"),
    ] {
        let model = EmbeddedModel::start(config(WeightsChoice::Path(path), &folder));
        // A request that waits hears it, too.
        if let Ok(events) = reply(&model, ask("Hi", 1)).await {
            assert!(matches!(events.as_slice(), [Err(ModelError::Unavailable(_))]), "{events:?}");
        }
        let message = failure(&model).await;
        assert!(message.contains(expected), "{message}");
        let refusal = model.stream(ask("Hi", 1)).await.err();
        assert!(matches!(refusal, Some(ModelError::Unavailable(text)) if text == message));
    }
}

#[tokio::test]
async fn without_weights_and_network_the_status_names_address_size_and_error() {
    let folder = TempDir::new().unwrap();
    let url = closed_port().await;
    let mut config = config(WeightsChoice::Auto, &folder);
    config.finder.catalogue = Catalogue::parse(&format!(
        "auto = ['a']\n[[weights]]\nid = 'a'\nname = 'Model A'\nfile = 'a.gguf'\n\
         bytes = 491400064\nsha256 = ''\nlicence = 'MIT'\n\
         source = {{ kind = 'http', url = '{url}/a' }}"
    ))
    .unwrap();
    let model = EmbeddedModel::start(config);
    let message = failure(&model).await;
    let expected = format!("Model A (492 MB) from {url}/a: cannot be reached");
    assert!(message.contains(&expected), "{message}");
    assert_eq!(model.name(), "Model A");
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_told() {
    let folder = TempDir::new().unwrap();
    let mut config = config(WeightsChoice::Path(smollm2().await), &folder);
    config.worker = WorkerCommand::new(folder.path().join("nothing"), [] as [&str; 0]);
    let message = failure(&EmbeddedModel::start(config.clone())).await;
    assert!(message.contains("cannot be started"), "{message}");
    config.worker = WorkerCommand::new("false", [] as [&str; 0]);
    let message = failure(&EmbeddedModel::start(config)).await;
    assert!(message.contains("exit status: 1"), "{message}");
}

#[tokio::test]
async fn a_model_that_failed_can_be_tried_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("late.gguf");
    let model = EmbeddedModel::start(config(WeightsChoice::Path(path.clone()), &folder));
    failure(&model).await;
    std::os::unix::fs::symlink(smollm2().await, &path).unwrap();
    model.retry();
    let mut status = model.status();
    status.wait_for(|status| status.readiness == ModelReadiness::Ready).await.unwrap();
    let events = reply(&model, ask("Say hello.", 2)).await.unwrap();
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
}

/// A worker by itself: its process, where its orders go in and its reports come out.
fn worker() -> (Child, ChildStdin, Lines<BufReader<ChildStdout>>) {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_domovoi-model-worker"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let orders = worker.stdin.take().unwrap();
    let reports = BufReader::new(worker.stdout.take().unwrap()).lines();
    (worker, orders, reports)
}

#[tokio::test]
async fn a_worker_stops_when_told_and_ends_with_its_parent_in_the_middle_of_an_answer() {
    let (mut worker, mut orders, mut reports) = worker();
    let path = smollm2().await;
    let generate = |id: u64| {
        let content = json!([{"type": "text", "text": LONG}]);
        let messages = json!([{"role": "user", "content": content}]);
        json!({"order": "generate", "id": id, "max_tokens": 2000, "messages": messages})
    };
    let load = json!({"order": "load", "path": path, "threads": 1, "context_tokens": 2048});
    let lines = format!("{load}\n{}\n", generate(0));
    orders.write_all(lines.as_bytes()).await.unwrap();
    let mut report = async || -> Value {
        serde_json::from_str(&reports.next_line().await.unwrap().unwrap()).unwrap()
    };
    assert_eq!(report().await["report"], "loaded");
    assert_eq!(report().await["report"], "text");

    // The next one and the same once more, which nobody has stopped anything before.
    let short = |id: u64| {
        let messages =
            json!([{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}]);
        json!({"order": "generate", "id": id, "max_tokens": 6, "temperature": 0.0,
               "messages": messages})
    };
    let orders_now = [json!({"order": "cancel", "id": 0}), short(1), short(2), generate(3)];
    let lines: String = orders_now.iter().map(|order| format!("{order}\n")).collect();
    orders.write_all(lines.as_bytes()).await.unwrap();
    let mut answer = async |id: u64| {
        let mut text = String::new();
        loop {
            let report = report().await;
            assert_eq!(report["id"], id, "one answer after another: {report}");
            if report["report"] != "text" {
                assert_eq!(report["report"], "finished", "{report}");
                return (report["reason"].as_str().unwrap().to_owned(), text);
            }
            text.push_str(report["text"].as_str().unwrap());
        }
    };
    assert_eq!(answer(0).await.0, "other");
    let after = answer(1).await;
    assert_eq!(after, answer(2).await, "nothing of the stopped answer is in the next one");
    assert!(!after.1.is_empty() && after.0 != "other", "{after:?}");

    assert_eq!(report().await["id"], 3);
    // All that the end of a parent does, however it comes: its end of the pipe closes.
    drop(orders);
    assert!(worker.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_stop_is_followed_by_one_token_at_most() {
    let (_worker, mut orders, mut reports) = worker();
    let path = smollm2().await;
    let load = json!({"order": "load", "path": path, "threads": 1, "context_tokens": 2048});
    orders.write_all(format!("{load}\n").as_bytes()).await.unwrap();
    let mut report = async || -> Value {
        serde_json::from_str(&reports.next_line().await.unwrap().unwrap()).unwrap()
    };
    assert_eq!(report().await["report"], "loaded");
    for id in 0..12 {
        let content = json!([{"type": "text", "text": LONG}]);
        let messages = json!([{"role": "user", "content": content}]);
        let generate =
            json!({"order": "generate", "id": id, "max_tokens": 2000, "messages": messages});
        orders.write_all(format!("{generate}\n").as_bytes()).await.unwrap();
        // At another place of the answer each time.
        for _ in 0..=id {
            assert_eq!(report().await["report"], "text");
        }
        let cancel = json!({"order": "cancel", "id": id});
        orders.write_all(format!("{cancel}\n").as_bytes()).await.unwrap();
        let end = loop {
            let report = report().await;
            if report["report"] != "text" {
                break report;
            }
        };
        assert_eq!((&end["report"], &end["reason"]), (&json!("finished"), &json!("other")));
        assert!(end["late_tokens"].as_u64().unwrap_or(0) <= 1, "{end}");
    }
}

#[tokio::test]
async fn a_dropped_model_ends_its_worker() {
    let model = start(1).await;
    let mut answer = model.stream(ask(LONG, 900)).await.unwrap();
    answer.next().await.unwrap().unwrap();
    let waiting = model.stream(ask("Hi", 1)).await.unwrap();
    drop(model);
    let rest: Vec<_> = answer.collect().await;
    assert!(matches!(rest.last(), Some(Err(ModelError::Interrupted(_)))), "{rest:?}");
    let events: Vec<_> = waiting.collect().await;
    assert!(matches!(events.as_slice(), [Err(ModelError::Unavailable(_))]), "{events:?}");
}

/// A JSON Schema of the given seed: objects in objects, enums, lists, numbers, strings. And whether
/// a value fits it.
mod schemas {
    use serde_json::{Map, Value, json};

    /// A schema whose form depends on the seed alone.
    pub(crate) fn schema(seed: u64) -> Value {
        let mut seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        object(&mut seed, 0)
    }

    fn pick(seed: &mut u64, below: u64) -> u64 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        *seed % below
    }

    fn object(seed: &mut u64, depth: u32) -> Value {
        let names = ["name", "kind", "size", "tags", "place"];
        let mut properties = Map::new();
        for name in &names[..1 + pick(seed, 3) as usize] {
            properties.insert((*name).to_owned(), any(seed, depth + 1));
        }
        let required: Vec<&String> = properties.keys().collect();
        json!({
            "type": "object", "required": required, "additionalProperties": false,
            "properties": properties,
        })
    }

    fn any(seed: &mut u64, depth: u32) -> Value {
        match pick(seed, if depth > 2 { 5 } else { 7 }) {
            0 => json!({"type": "string", "maxLength": 12}),
            1 => json!({"enum": ["red", "grün", "a \"quoted\" one"]}),
            2 => json!({"type": "integer", "minimum": 3, "maximum": 40}),
            3 => json!({"type": "number", "minimum": -1, "maximum": 1}),
            4 => json!({"type": "boolean"}),
            5 => {
                let items = any(seed, depth + 1);
                json!({"type": "array", "minItems": 1, "maxItems": 3, "items": items})
            }
            _ => object(seed, depth + 1),
        }
    }

    /// Whether the value fits, for the keywords used here.
    pub(crate) fn fits(schema: &Value, value: &Value) -> bool {
        if let Some(options) = schema["enum"].as_array() {
            return options.contains(value);
        }
        let within = |number: f64| {
            schema["minimum"].as_f64().unwrap() <= number
                && number <= schema["maximum"].as_f64().unwrap()
        };
        match schema["type"].as_str().unwrap() {
            "string" => value.as_str().is_some_and(|text| text.chars().count() <= 12),
            "integer" => value.as_i64().is_some_and(|number| within(number as f64)),
            "number" => value.as_f64().is_some_and(within),
            "boolean" => value.is_boolean(),
            "array" => value.as_array().is_some_and(|items| {
                (1..=3).contains(&items.len())
                    && items.iter().all(|item| fits(&schema["items"], item))
            }),
            "object" => {
                let properties = schema["properties"].as_object().unwrap();
                value.as_object().is_some_and(|fields| {
                    fields.len() == properties.len()
                        && properties.iter().all(|(name, schema)| {
                            fields.get(name).is_some_and(|it| fits(schema, it))
                        })
                })
            }
            other => panic!("{other}"),
        }
    }
}

fn with_schema(question: &str, max_tokens: u32, schema: Value) -> ModelRequest {
    let mut request = ask(question, max_tokens);
    request.response_format = Some(ResponseFormat::JsonSchema { name: "thing".into(), schema });
    request
}

fn finish(events: &[Result<ModelEvent, ModelError>]) -> FinishReason {
    match events.last() {
        Some(Ok(ModelEvent::Finish { reason, .. })) => *reason,
        _ => panic!("{events:?}"),
    }
}

#[tokio::test]
async fn an_answer_with_a_schema_always_fits_it() {
    let model = start(1).await;
    for seed in 0..8 {
        let schema = schemas::schema(seed);
        let mut request = with_schema("Invent something.", 400, schema.clone());
        // Wild words fit as well as likely ones.
        request.temperature = Some(if seed % 2 == 0 { 0.0 } else { 1.5 });
        let events = reply(&model, request).await.unwrap();
        assert_eq!(finish(&events), FinishReason::Stop, "{schema}: {events:?}");
        let value: Value = serde_json::from_str(&text(&events)).unwrap();
        assert!(schemas::fits(&schema, &value), "{schema}: {value}");
    }

    // What is cut off says so.
    let schema = json!({"type": "array", "items": {"type": "integer"}, "minItems": 50});
    let events = reply(&model, with_schema("Count.", 20, schema)).await.unwrap();
    assert_eq!(finish(&events), FinishReason::Length);
    assert!(text(&events).starts_with('['), "{events:?}");

    // A schema that cannot be kept to is refused before a word, and the model goes on.
    for schema in [json!({"type": "array", "uniqueItems": true}), json!({"type": "nonsense"})] {
        let events = reply(&model, with_schema("Count.", 20, schema)).await.unwrap();
        let [Err(ModelError::Unsupported(message))] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert!(message.contains("cannot be kept to this JSON Schema"), "{message}");
    }
    let events = reply(&model, ask("Say hello.", 3)).await.unwrap();
    assert!(!text(&events).is_empty(), "{events:?}");
}

fn tools() -> Vec<ToolDefinition> {
    let tool = |name: &str, description: &str, parameters: Value| ToolDefinition {
        name: name.into(),
        description: description.into(),
        parameters,
    };
    vec![
        tool(
            "getWeather",
            "Tells the weather of a city.",
            json!({"type": "object", "required": ["city"], "additionalProperties": false,
                   "properties": {"city": {"$ref": "#/$defs/City"}},
                   "$defs": {"City": {"enum": ["Oslo", "Rome"]}}}),
        ),
        tool(
            "add",
            "Adds two numbers.",
            json!({"type": "object", "required": ["a", "b"], "additionalProperties": false,
                   "properties": {"a": {"type": "integer", "maximum": 9, "minimum": 0},
                                  "b": {"type": "integer", "maximum": 9, "minimum": 0}}}),
        ),
    ]
}

fn calls(events: &[Result<ModelEvent, ModelError>]) -> Vec<(String, Value)> {
    let call = |event: &Result<ModelEvent, ModelError>| match event {
        Ok(ModelEvent::ToolCall(call)) => {
            assert!(call.id.starts_with("call_"), "{call:?}");
            Some((call.name.clone(), serde_json::from_str(&call.arguments).unwrap()))
        }
        _ => None,
    };
    events.iter().filter_map(call).collect()
}

#[tokio::test]
async fn a_call_of_a_tool_fits_the_tools_schema() {
    let model = start(1).await;
    let mut request = ask("What is the weather in Oslo?", 80);
    request.tools = tools();
    request.tool_choice = ToolChoice::Required;
    for temperature in [0.0, 1.5] {
        request.temperature = Some(temperature);
        let events = reply(&model, request.clone()).await.unwrap();
        assert_eq!(finish(&events), FinishReason::ToolCalls, "{events:?}");
        assert!(text(&events).is_empty(), "{events:?}");
        let [(name, arguments)] = &calls(&events)[..] else { panic!("{events:?}") };
        match name.as_str() {
            "getWeather" => {
                assert!(["Oslo", "Rome"].contains(&arguments["city"].as_str().unwrap()))
            }
            "add" => assert!(arguments["a"].as_u64().unwrap() <= 9),
            other => panic!("{other}"),
        }
    }
    request.tool_choice = ToolChoice::Tool("add".into());
    let events = reply(&model, request.clone()).await.unwrap();
    assert_eq!(calls(&events)[0].0, "add", "{events:?}");

    // Cut off, it is no call.
    request.max_tokens = Some(4);
    let events = reply(&model, request.clone()).await.unwrap();
    assert_eq!(finish(&events), FinishReason::Length, "{events:?}");
    assert!(calls(&events).is_empty() && text(&events).is_empty(), "{events:?}");

    request.tools[0].parameters = json!({"type": "array", "uniqueItems": true});
    request.tool_choice = ToolChoice::Auto;
    let events = reply(&model, request).await.unwrap();
    assert!(matches!(events.as_slice(), [Err(ModelError::Unsupported(_))]), "{events:?}");
}

#[tokio::test]
async fn a_model_that_begins_a_call_by_itself_ends_it_within_the_schema() {
    let model = start(1).await;
    // Examples in the conversation make even a tiny model call; whichever way they are written.
    for example in [
        "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}\n</tool_call>",
        "```json\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}\n```",
        "{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}",
    ] {
        let user = |text: &str| ModelMessage::User { content: text.into() };
        let assistant = || ModelMessage::Assistant { content: example.into(), tool_calls: vec![] };
        let mut request = ModelRequest::new(vec![
            user("Add 1 and 2"),
            assistant(),
            user("Add 1 and 2"),
            assistant(),
            user("Add 1 and 2"),
        ]);
        request.temperature = Some(0.0);
        request.max_tokens = Some(80);
        request.tools = tools();
        let events = reply(&model, request.clone()).await.unwrap();
        assert_eq!(finish(&events), FinishReason::ToolCalls, "{example}: {events:?}");
        assert_eq!(calls(&events).len(), 1);
        assert_eq!(calls(&events)[0].0, "add");
        assert!(text(&events).trim().is_empty(), "{events:?}");

        // What the tool says is answered in words: a call would be its text.
        request.messages.push(ModelMessage::Tool { tool_call_id: "1".into(), content: "3".into() });
        let events = reply(&model, request).await.unwrap();
        assert!(calls(&events).is_empty(), "{events:?}");
    }
}
