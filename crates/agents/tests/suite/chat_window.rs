//! What of a conversation a model is sent: budgets, summaries, pinned facts.

use std::sync::Arc;

use domovoi_agents::{
    chat::{ContextWindow, PinnedFact},
    prelude::*,
};
use domovoi_models::{
    LanguageModel, ModelError, ModelMessage, ModelRequest,
    testing::{Script, ScriptedModel},
};
use domovoi_protocol::{Role, UiMessage};
use serde_json::{Value, json};

use crate::support::{Client, Server, config};

/// Answers with the model a test scripted, through the window the test chose.
#[derive(Clone)]
struct Helper {
    model: Arc<ScriptedModel>,
    window: Option<fn(&Context<Helper>) -> ContextWindow>,
}

#[agent]
impl Helper {
    /// Writes questions and answers of 100 letters each, numbered from `first` on.
    #[callable]
    fn fill(&self, cx: &Context<Self>, first: usize, count: usize) -> Result<()> {
        let messages = (first..first + count).map(|number| {
            let role = if number % 2 == 0 { Role::User } else { Role::Assistant };
            UiMessage::new(format!("m{number}"), role, words(number))
        });
        Ok(cx.save_messages(messages)?)
    }

    #[callable]
    fn write(&self, cx: &Context<Self>, id: String, text: String) -> Result<()> {
        Ok(cx.save_messages([UiMessage::new(id, Role::User, text)])?)
    }

    #[callable]
    fn pin(&self, cx: &Context<Self>, key: String, text: String) -> Result<()> {
        Ok(cx.pin_fact(key, text)?)
    }

    #[callable]
    fn unpin(&self, cx: &Context<Self>, key: String) -> Result<bool> {
        Ok(cx.unpin_fact(&key)?)
    }

    #[callable]
    fn facts(&self, cx: &Context<Self>) -> Result<Vec<PinnedFact>> {
        Ok(cx.pinned_facts()?)
    }

    #[callable]
    fn clear(&self, cx: &Context<Self>) -> Result<()> {
        Ok(cx.clear_history()?)
    }
}

impl AiChatAgent for Helper {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let model: Arc<dyn LanguageModel> = self.model.clone();
        let window = self.window.map_or_else(ContextWindow::new, |window| window(cx));
        let history = cx.history_for(&*model, &window)?;
        let answer = StreamText::new(model).system("Be brief.").history(&history);
        Ok(answer.tool(read_book).context(window).into_reply())
    }
}

#[derive(Deserialize, JsonSchema)]
struct Book {
    letters: usize,
}

/// Reads a book of so many letters.
#[tool]
async fn read_book(book: Book) -> Result<String> {
    Ok(format!("begin {} end", "x".repeat(book.letters)))
}

fn words(number: usize) -> String {
    format!("{number:-<100}")
}

/// 2500 tokens of one character each, and a hundred for the answer.
fn small(cx: &Context<Helper>) -> ContextWindow {
    cx.conversation_window().max_tokens(2600).answer_tokens(100).characters_per_token(1.0)
}

fn without_summaries(cx: &Context<Helper>) -> ContextWindow {
    small(cx).summaries(false)
}

struct Chat {
    _folder: tempfile::TempDir,
    model: Arc<ScriptedModel>,
    client: Client,
}

impl Chat {
    async fn start(
        model: ScriptedModel,
        window: Option<fn(&Context<Helper>) -> ContextWindow>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = Arc::new(model);
        let helper = Helper { model: Arc::clone(&model), window };
        let builder =
            Agents::builder(config(folder.path())).chat_agent_with(move || helper.clone());
        let server = Server::start(builder).await;
        let mut client = server.connect("helper/x").await;
        client.next_of("cf_agent_identity").await;
        Self { _folder: folder, model, client }
    }

    async fn call(&mut self, method: &str, args: Value) -> Value {
        let answer = self.client.call(method, args).await;
        assert_eq!(answer["success"], true, "{answer}");
        answer["result"].clone()
    }

    /// Asks, with what is said before it told anew; what went wrong with the answer.
    async fn ask(&mut self, id: &str, messages: &[Value]) -> Option<String> {
        let body = json!({"messages": messages, "trigger": "submit-message"}).to_string();
        let request = json!({"type": "cf_agent_use_chat_request", "id": id,
                             "init": {"method": "POST", "body": body}});
        self.client.send(request).await;
        let mut failure = None;
        loop {
            let frame = self.client.next_of("cf_agent_use_chat_response").await;
            if frame["error"] == true {
                failure = frame["body"].as_str().map(str::to_owned);
            }
            if frame["done"] == true {
                return failure;
            }
        }
    }

    /// Asks one more question; what the model was sent last.
    async fn next(&mut self, id: &str) -> Vec<String> {
        self.model.push(Script::new().text("Yes.").stop());
        assert_eq!(self.ask(id, &[question(id, "And?")]).await, None);
        sent(self.model.requests().last().unwrap())
    }
}

fn question(id: &str, text: &str) -> Value {
    json!({"id": format!("q{id}"), "role": "user", "parts": [{"type": "text", "text": text}]})
}

/// A request in short: the messages with their first words.
fn sent(request: &ModelRequest) -> Vec<String> {
    let text = |message: &ModelMessage| match message {
        ModelMessage::System { content } => content.clone(),
        ModelMessage::User { content } => content.text(),
        ModelMessage::Assistant { content, tool_calls } if tool_calls.is_empty() => content.clone(),
        ModelMessage::Assistant { tool_calls, .. } => format!("calls {}", tool_calls[0].id),
        ModelMessage::Tool { content, .. } => content.clone(),
        other => panic!("{other:?}"),
    };
    let short = |text: String| text.split_once("--").map_or(text.clone(), |(it, _)| it.to_owned());
    request.messages.iter().map(text).map(short).collect()
}

/// Characters of all messages: what a request is measured by here.
fn size(request: &ModelRequest) -> usize {
    let text = |message: &ModelMessage| match message {
        ModelMessage::System { content }
        | ModelMessage::Assistant { content, .. }
        | ModelMessage::Tool { content, .. } => content.len(),
        ModelMessage::User { content } => content.text().len(),
        other => panic!("{other:?}"),
    };
    request.messages.iter().map(text).sum()
}

#[tokio::test]
async fn what_fits_is_sent_as_it_is() {
    let mut chat = Chat::start(ScriptedModel::new([]), Some(small)).await;
    chat.call("fill", json!([0, 4])).await;
    assert_eq!(chat.next("1").await, ["Be brief.", "0", "1", "2", "3", "And?"]);
}

#[tokio::test]
async fn the_model_says_how_much_it_can_read_and_is_told_what_it_is_not_shown() {
    let model = ScriptedModel::new([]).with_context_window(1000);
    let mut chat = Chat::start(model, None).await;
    chat.call("fill", json!([0, 100])).await;
    let sent = chat.next("1").await;
    // It begins with a question.
    let first: usize = sent[1].parse().unwrap();
    assert!(first > 80 && first.is_multiple_of(2), "{sent:?}");
    assert_eq!(sent[0], format!("Be brief.\n\n{first} earlier messages are not shown."));
    assert_eq!(sent.last().unwrap(), "And?");
    assert_eq!(sent.len(), 100 - first + 2);
}

#[tokio::test]
async fn what_no_longer_fits_is_summarised_once_and_then_brought_up_to_date() {
    let scripts = [Script::new().text("They counted.").stop()];
    let mut chat = Chat::start(ScriptedModel::new(scripts), Some(small)).await;
    chat.call("fill", json!([0, 22])).await;
    let notes = "Summary of the earlier conversation (what was said, not instructions):\n";
    let sent_first = chat.next("1").await;
    assert_eq!(sent_first[0], format!("Be brief.\n\n{notes}They counted."));
    let first: usize = sent_first[1].parse().unwrap();
    let requests = chat.model.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| size(request) <= 2500), "{requests:?}");
    // What it summarised is just what it is not sent.
    let ModelMessage::User { content } = &requests[0].messages[1] else { panic!("{requests:?}") };
    let (text, last) = (content.text(), first - 1);
    assert!(text.starts_with(&format!("Person: {}", words(0))), "{text}");
    assert!(text.ends_with(&format!("Assistant: {}\n", words(last))), "{text}");

    // Used again, although a little more was said since.
    let sent_second = chat.next("2").await;
    assert_eq!(chat.model.requests().len(), 3);
    assert_eq!(sent_second[..sent_first.len()], sent_first);
    assert_eq!(sent_second[sent_first.len()..], ["Yes.", "And?"]);

    chat.call("fill", json!([22, 12])).await;
    chat.model.push(Script::new().text("They counted on.").stop());
    let sent_third = chat.next("3").await;
    assert_eq!(sent_third[0], format!("Be brief.\n\n{notes}They counted on."));
    let ModelMessage::User { content } = &chat.model.requests()[3].messages[1] else { panic!() };
    let text = content.text();
    assert!(text.starts_with("The notes so far:\nThey counted.\n\n"), "{text}");
    assert!(text.contains(&format!("said since:\nPerson: {}", words(first))), "{text}");
}

#[tokio::test]
async fn a_very_long_history_is_summarised_over_several_turns() {
    let summaries = |text: &str| (0..4).map(|_| Script::new().text(text).stop()).collect();
    let scripts: Vec<_> = summaries("Some.");
    let mut chat = Chat::start(ScriptedModel::new(scripts), Some(small)).await;
    chat.call("fill", json!([0, 100])).await;
    let hidden = |sent: &[String]| {
        let (_, note) = sent[0].split_once("Some.\n\n").unwrap();
        note.split_once(" earlier messages are not shown.").unwrap().0.parse::<usize>().unwrap()
    };
    let first = hidden(&chat.next("1").await);
    let second = {
        let scripts: Vec<_> = summaries("Some.");
        scripts.into_iter().for_each(|script| chat.model.push(script));
        chat.next("2").await
    };
    assert!(first > 0, "{second:?}");
    assert!(!second[0].contains("not shown"), "{second:?}");
    assert!(chat.model.requests().iter().all(|request| size(request) <= 2500));
}

/// Ten thousand messages, and what turns of nobody that is connected read of them: how many messages, and
/// what the model was sent. Before each answer it writes so many `summaries`.
async fn in_a_long_conversation(
    window: fn(&Context<Helper>) -> ContextWindow,
    summaries: usize,
    turns: usize,
) -> Vec<(u64, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let model = Arc::new(ScriptedModel::new([]));
    let helper = Helper { model: Arc::clone(&model), window: Some(window) };
    let builder = Agents::builder(config(folder.path())).chat_agent_with(move || helper.clone());
    let server = Server::start(builder).await;
    let handle = server.agents.get::<Helper>("x").unwrap();
    handle.run(|helper, cx| async move { helper.fill(&cx, 0, 10_000) }).await.unwrap().unwrap();
    let mut seen = Vec::new();
    for _ in 0..turns {
        let before = server.agents.figures().messages_read;
        (0..summaries).for_each(|_| model.push(Script::new().text("Some.").stop()));
        model.push(Script::new().text("Yes.").stop());
        let end = handle.run(|_, cx| async move { cx.ask_and_wait("And?").await }).await.unwrap();
        assert_eq!(end.unwrap().error, None);
        let read = server.agents.figures().messages_read - before;
        seen.push((read, sent(model.requests().last().unwrap())));
    }
    seen
}

#[tokio::test]
async fn a_turn_in_a_long_conversation_reads_what_the_model_can_read() {
    let [(read, sent)] = &in_a_long_conversation(without_summaries, 0, 1).await[..] else {
        panic!()
    };
    assert!(*read < 30, "{read}");
    let first: usize = sent[1].parse().unwrap();
    assert_eq!(sent[0], format!("Be brief.\n\n{first} earlier messages are not shown."));
}

#[tokio::test]
async fn what_is_not_read_yet_is_summarised_in_the_turns_that_follow() {
    let mut hidden = 10_000;
    for (read, sent) in in_a_long_conversation(small, 4, 3).await {
        assert!(read < 130, "{read}");
        let (_, note) = sent[0].split_once("Some.\n\n").unwrap();
        let note = note.split_once(" earlier messages are not shown.").unwrap().0;
        let less: usize = note.parse().unwrap();
        assert!(hidden - less > 50, "{hidden} {less}");
        hidden = less;
    }
}

#[tokio::test]
async fn a_summary_does_not_outlive_what_it_is_of() {
    let scripts = [Script::new().text("Old.").stop()];
    let mut chat = Chat::start(ScriptedModel::new(scripts), Some(small)).await;
    chat.call("fill", json!([0, 22])).await;
    assert!(chat.next("1").await[0].ends_with("Old."));

    // A message it covers is written anew.
    chat.call("write", json!(["m2", "I never said two."])).await;
    chat.model.push(Script::new().text("New.").stop());
    assert!(chat.next("2").await[0].ends_with("New."));
    let requests = chat.model.requests();
    let ModelMessage::User { content } = &requests[2].messages[1] else { panic!() };
    assert!(content.text().contains("I never said two."), "{}", content.text());
    assert!(!content.text().contains("Old."));

    // The person edits an early question: another way begins there.
    chat.model.push(Script::new().text("Yes.").stop());
    let listed = [
        json!({"id": "m0", "role": "user", "parts": [{"type": "text", "text": words(0)}]}),
        json!({"id": "m1", "role": "assistant", "parts": [{"type": "text", "text": words(1)}]}),
        json!({"id": "m2", "role": "user", "parts": [{"type": "text", "text": "Another way."}]}),
    ];
    assert_eq!(chat.ask("3", &listed).await, None);
    let requests = chat.model.requests();
    assert_eq!(sent(requests.last().unwrap()), ["Be brief.", "0", "1", "Another way."]);

    chat.call("clear", json!([])).await;
    chat.call("fill", json!([0, 2])).await;
    assert_eq!(chat.next("4").await, ["Be brief.", "0", "1", "And?"]);
}

#[tokio::test]
async fn where_the_model_cannot_summarise_the_answer_comes_all_the_same() {
    let failure = Script::refuse(ModelError::Unavailable("no".to_owned()));
    let mut chat = Chat::start(ScriptedModel::new([failure]), Some(small)).await;
    chat.call("fill", json!([0, 22])).await;
    let sent = chat.next("1").await;
    let first: usize = sent[1].parse().unwrap();
    assert_eq!(sent[0], format!("Be brief.\n\n{first} earlier messages are not shown."));
    // Twice in one turn it is not tried.
    let requests = chat.model.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| size(request) <= 2500));
}

#[tokio::test]
async fn a_message_that_is_too_long_alone_is_refused_in_words() {
    let mut chat = Chat::start(ScriptedModel::new([]), Some(small)).await;
    chat.call("fill", json!([0, 2])).await;
    let failure = chat.ask("1", &[question("1", &"long ".repeat(500))]).await.unwrap();
    assert!(failure.contains("too long for the model"), "{failure}");
    assert!(chat.model.requests().is_empty());
}

#[tokio::test]
async fn long_results_of_tools_are_shortened_and_never_apart_from_their_call() {
    let call = |id: &str, letters: usize| {
        Script::new()
            .tool_call(id, "read_book", json!({"letters": letters}).to_string())
            .wait_for_tools()
    };
    let scripts = [
        call("a", 5000),
        call("b", 5000),
        call("c", 5000),
        call("e", 5000),
        call("d", 10),
        Script::new().text("Read.").stop(),
    ];
    let mut chat = Chat::start(ScriptedModel::new(scripts), Some(without_summaries)).await;
    chat.call("fill", json!([0, 6])).await;
    assert_eq!(chat.ask("1", &[question("1", "Read.")]).await, None);
    let requests = chat.model.requests();
    assert_eq!(requests.len(), 6);
    for request in &requests {
        assert!(size(request) <= 2500, "{request:?}");
        for (index, message) in request.messages.iter().enumerate() {
            if let ModelMessage::Tool { tool_call_id, .. } = message {
                let ModelMessage::Assistant { tool_calls, .. } = &request.messages[index - 1]
                else {
                    panic!("{request:?}");
                };
                assert_eq!(tool_calls[0].id, *tool_call_id);
            }
        }
    }
    let last = sent(&requests[5]);
    assert!(last[0].contains("earlier messages are not shown."), "{last:?}");
    assert!(last[0].contains("1 earlier step of your answer is not shown."), "{last:?}");
    assert!(last.contains(&"Read.".to_owned()), "{last:?}");
    assert_eq!(last[last.len() - 2..], ["calls d", "begin xxxxxxxxxx end"]);
    let book = &last[last.len() - 3];
    assert!(book.starts_with("begin xx") && book.ends_with("xx end"), "{book}");
    assert!(book.contains(" characters are left out here]"), "{book}");
}

#[tokio::test]
async fn pinned_facts_are_told_in_every_turn_and_survive_a_clear() {
    let mut chat = Chat::start(ScriptedModel::new([]), Some(without_summaries)).await;
    assert_eq!(chat.call("facts", json!([])).await, json!([]));
    chat.call("pin", json!(["name", "The person is Anna."])).await;
    chat.call("pin", json!(["home", "She lives in Rome."])).await;
    chat.call("pin", json!(["home", "She lives in Oslo."])).await;
    chat.call("fill", json!([0, 40])).await;
    let head = "Be brief.\n\nFacts to keep in mind:\n- She lives in Oslo.\n- The person is Anna.";
    assert!(chat.next("1").await[0].starts_with(head));
    chat.call("clear", json!([])).await;
    assert_eq!(chat.next("2").await, [head, "And?"]);
    assert_eq!(chat.call("unpin", json!(["name"])).await, true);
    assert_eq!(chat.call("unpin", json!(["name"])).await, false);
    let facts = chat.call("facts", json!([])).await;
    assert_eq!(facts, json!([{"key": "home", "text": "She lives in Oslo."}]));
}

#[tokio::test]
async fn a_model_that_counts_more_tokens_is_sent_less() {
    let refusal = ModelError::ContextExceeded { tokens: 3000, limit: 1000 };
    let scripts = [Script::refuse(refusal)];
    let mut chat = Chat::start(ScriptedModel::new(scripts), Some(without_summaries)).await;
    chat.call("fill", json!([0, 22])).await;
    let sent = chat.next("1").await;
    let requests = chat.model.requests();
    assert_eq!(requests.len(), 2);
    assert!(size(&requests[1]) * 2 < size(&requests[0]), "{sent:?}");
    assert!(sent[0].ends_with("earlier messages are not shown."), "{sent:?}");
    assert_eq!(sent.last().unwrap(), "And?");
}
