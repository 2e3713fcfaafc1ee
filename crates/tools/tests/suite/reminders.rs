//! The tools for reminders, in an agent whose clock the test moves.

use std::{sync::Arc, time::Duration};

use domovoi_agents::{
    chat::FinishedTurn, prelude::*, schedule::ScheduleFilter, testing::TestAgents,
};
use domovoi_models::{
    LanguageModel,
    testing::{Script, ScriptedModel},
};
use domovoi_protocol::{Part, UiMessage};
use domovoi_tools::{MAX_REMINDERS, reminders};
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[derive(Clone)]
struct Helper {
    model: Arc<ScriptedModel>,
    finished: mpsc::UnboundedSender<UiMessage>,
}

#[agent]
impl Helper {
    #[task]
    fn remind(&self, cx: &Context<Self>, text: String) -> Result<()> {
        cx.ask(format!("This reminder is due: {text}"));
        Ok(())
    }

    /// A schedule that is no reminder.
    #[task]
    fn report(&self, _cx: &Context<Self>) -> Result<()> {
        Ok(())
    }
}

impl AiChatAgent for Helper {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let model: Arc<dyn LanguageModel> = self.model.clone();
        let answer = StreamText::new(model).for_turn(cx, &turn).messages(&cx.messages()?);
        Ok(answer.tools(reminders(cx, Self::REMIND)).into_reply())
    }

    async fn on_finish(&self, _cx: &Context<Self>, finished: &FinishedTurn) -> Result<()> {
        self.finished.send(finished.message.clone().unwrap()).unwrap();
        Ok(())
    }
}

struct Chat {
    agents: TestAgents,
    model: Arc<ScriptedModel>,
    finished: mpsc::UnboundedReceiver<UiMessage>,
}

impl Chat {
    fn new() -> Self {
        let model = Arc::new(ScriptedModel::new([]));
        let (sender, finished) = mpsc::unbounded_channel();
        let helper = Helper { model: model.clone(), finished: sender };
        let agents = TestAgents::new(move |agents| {
            let helper = helper.clone();
            agents.chat_agent_with(move || helper.clone())
        })
        .unwrap();
        Self { agents, model, finished }
    }

    /// What the tool answers, or its error.
    async fn call(&mut self, tool: &str, arguments: Value) -> Result<Value, String> {
        let call = Script::new().tool_call("call", tool, arguments.to_string());
        self.model.push(call.wait_for_tools());
        self.model.push(Script::new().text("Done.").stop());
        let helper = self.agents.get::<Helper>("x").unwrap();
        helper.run(|_, cx| async move { drop(cx.ask("Do it.")) }).await.unwrap();
        let answer = self.finished.recv().await.unwrap();
        let mut calls = answer.parts.into_iter().filter_map(|part| match part {
            Part::Tool(call) => Some(call),
            _ => None,
        });
        let call = calls.next().unwrap();
        call.error_text.map_or_else(|| Ok(call.output.unwrap()), Err)
    }
}

#[tokio::test]
async fn a_reminder_that_is_due_starts_a_turn_even_after_a_crash() {
    let mut chat = Chat::new();
    let new = json!({ "text": "tea", "delay_seconds": 3600 });
    let made = chat.call("schedule_reminder", new).await.unwrap();
    assert_eq!(made["text"], "tea");
    let listed = chat.call("list_reminders", json!({})).await.unwrap();
    assert_eq!(listed, json!([made]));
    chat.agents.crash().await.unwrap();
    chat.model.push(Script::new().text("Your tea!").stop());
    chat.agents.advance(Duration::from_secs(3601)).await.unwrap();
    let answer = chat.finished.recv().await.unwrap();
    assert_eq!(answer.text(), "Your tea!");
    let helper = chat.agents.get::<Helper>("x").unwrap();
    let messages = helper.run(|_, cx| async move { cx.messages().unwrap() }).await.unwrap();
    let question = &messages[messages.len() - 2];
    assert_eq!(question.text(), "This reminder is due: tea");
    assert_eq!(chat.call("list_reminders", json!({})).await.unwrap(), json!([]));
}

#[tokio::test]
async fn dates_and_cron_are_read_in_the_zone_that_is_named() {
    let mut chat = Chat::new();
    for (new, expected) in [
        (json!({ "date": "2999-01-31T09:00:00+01:00" }), "2999-01-31T08:00:00Z"),
        (json!({ "date": "2999-01-31T09:00", "zone": "Asia/Tokyo" }), "2999-01-31T00:00:00Z"),
    ] {
        let mut new = new;
        new["text"] = json!("tea");
        let made = chat.call("schedule_reminder", new).await.unwrap();
        let due: jiff::Timestamp = made["due"].as_str().unwrap().parse().unwrap();
        assert_eq!(due.to_string(), expected);
    }
    let new = json!({ "text": "up", "cron": "0 9 * * MON-FRI", "zone": "Europe/Prague" });
    let made = chat.call("schedule_reminder", new).await.unwrap();
    assert_eq!(made["zone"], "Europe/Prague");
    let due: jiff::Timestamp = made["due"].as_str().unwrap().parse().unwrap();
    assert_eq!(due.in_tz("Europe/Prague").unwrap().hour(), 9);
}

#[tokio::test]
async fn only_reminders_are_listed_and_cancelled() {
    let mut chat = Chat::new();
    let helper = chat.agents.get::<Helper>("x").unwrap();
    let day = Duration::from_secs(24 * 3600);
    let report = helper
        .run(move |_, cx| async move { cx.schedule(day, Helper::REPORT, ()).unwrap() })
        .await
        .unwrap();
    let new = json!({ "text": "tea", "delay_seconds": 3600 });
    let made = chat.call("schedule_reminder", new).await.unwrap();
    let error = chat.call("cancel_reminder", json!({ "id": report.id })).await.unwrap_err();
    assert!(error.contains("list_reminders"), "{error}");
    let cancelled = chat.call("cancel_reminder", json!({ "id": made["id"] })).await.unwrap();
    assert_eq!(cancelled, json!({ "cancelled": true }));
    assert_eq!(chat.call("list_reminders", json!({})).await.unwrap(), json!([]));
    let left = helper
        .run(|_, cx| async move { cx.get_schedules(&ScheduleFilter::default()).unwrap() })
        .await
        .unwrap();
    assert_eq!(left, [report]);
}

#[tokio::test]
async fn what_cannot_be_scheduled_is_told_in_words() {
    let mut chat = Chat::new();
    for (new, expected) in [
        (json!({ "text": "x" }), "exactly one"),
        (json!({ "text": "x", "delay_seconds": 1, "cron": "* * * * *" }), "exactly one"),
        (json!({ "text": " ", "delay_seconds": 1 }), "1 to 2000"),
        (json!({ "text": "x", "delay_seconds": -1 }), "no time"),
        (json!({ "text": "x", "delay_seconds": 1e30 }), "no time"),
        (json!({ "text": "x", "date": "2020-01-01T00:00:00Z" }), "has passed"),
        (json!({ "text": "x", "date": "tomorrow" }), "no date"),
        (json!({ "text": "x", "date": "2999-01-01T00:00", "zone": "Mars" }), "no time zone"),
        (json!({ "text": "x", "cron": "* * * * * *" }), "five fields"),
        (json!({ "text": "x", "cron": "61 * * * *" }), "no cron expression"),
    ] {
        let error = chat.call("schedule_reminder", new.clone()).await.unwrap_err();
        assert!(error.contains(expected), "{new}: {error}");
    }
    let helper = chat.agents.get::<Helper>("x").unwrap();
    let fill = |_, cx: Context<Helper>| async move {
        for number in 0..MAX_REMINDERS {
            let hours = Duration::from_secs(3600);
            cx.schedule(hours, Helper::REMIND, number.to_string()).unwrap();
        }
    };
    helper.run(fill).await.unwrap();
    let new = json!({ "text": "one more", "delay_seconds": 1 });
    let error = chat.call("schedule_reminder", new).await.unwrap_err();
    assert!(error.contains("limit"), "{error}");
}
