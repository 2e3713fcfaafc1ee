//! Tasks and reminders.

use std::time::Duration;

use domovoi_app::types::tasks::{
    NewTask, RunView, TaskKind, TaskProblems, TaskView, TasksState, TasksView,
};
use domovoi_models::{ModelError, testing::Gate};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn half_hourly() -> NewTask {
    NewTask {
        prompt: "Look at the weather.".to_owned(),
        kind: TaskKind::Every,
        when: "30".to_owned(),
        zone: String::new(),
    }
}

async fn list(client: &mut TestClient) -> TasksView {
    client.call("list", ()).await.unwrap()
}

async fn create(client: &mut TestClient, new: NewTask) -> TaskView {
    let problems: TaskProblems = client.call("create", (new,)).await.unwrap();
    assert_eq!(problems, TaskProblems::default());
    list(client).await.tasks.remove(0)
}

fn statuses(runs: &[RunView]) -> Vec<&str> {
    runs.iter().map(|run| run.status.as_str()).collect()
}

#[tokio::test]
async fn a_task_runs_at_its_times_and_now_and_says_how_it_went() {
    let (test, _) = start([says("Rain."), says("Sun.")]);
    let mut client = connect(&test, "tasks").await;
    let task = create(&mut client, half_hourly()).await;
    assert_eq!((task.next.len(), task.runs.len(), task.paused), (3, 0, false));

    client.call::<()>("runNow", (&task.id,)).await.unwrap();
    settle(&test).await;
    test.advance(HOUR / 2).await.unwrap();
    // No answer is left for the third, nor for what is tried after it.
    test.advance(HOUR / 2).await.unwrap();
    assert_eq!(statuses(&list(&mut client).await.tasks[0].runs)[0], "retrying");
    test.advance(Duration::from_secs(60)).await.unwrap();
    test.advance(Duration::from_secs(120)).await.unwrap();
    let task = list(&mut client).await.tasks.remove(0);
    assert_eq!(statuses(&task.runs), ["failed", "succeeded", "succeeded"]);
    assert!(task.runs[0].error.is_some());
    let assistant = test.get::<Assistant>(&task.conversation).unwrap();
    let messages = assistant.run(|_, cx| async move { cx.messages() }).await.unwrap().unwrap();
    let texts: Vec<_> = messages.iter().map(|message| message.text()).collect();
    let prompt = "Look at the weather.";
    assert_eq!(texts[..4], [prompt, "Rain.", prompt, "Sun."]);

    client.call::<()>("pause", (&task.id,)).await.unwrap();
    test.advance(HOUR).await.unwrap();
    let task = list(&mut client).await.tasks.remove(0);
    assert_eq!((task.paused, task.next.len(), task.runs.len()), (true, 0, 3));
    client.call::<()>("resume", (&task.id,)).await.unwrap();
    let task = list(&mut client).await.tasks.remove(0);
    assert_eq!((task.paused, task.next.len()), (false, 3));
    client.call::<()>("remove", (&task.id,)).await.unwrap();
    assert_eq!(list(&mut client).await.tasks, []);
    assert!(client.call::<()>("runNow", (&task.id,)).await.is_err());
}

#[tokio::test]
async fn a_run_that_fails_is_tried_again_with_the_same_message() {
    let down = || Script::new().fail(ModelError::Unavailable("down".to_owned()));
    let (test, _) = start([down(), says("Rain."), down(), says("Sun.")]);
    let mut client = connect(&test, "tasks").await;
    let task = create(&mut client, half_hourly()).await;
    let texts = async || {
        let assistant = test.get::<Assistant>(&task.conversation).unwrap();
        let messages = assistant.run(|_, cx| async move { cx.messages() }).await.unwrap().unwrap();
        messages.iter().map(|message| message.text()).collect::<Vec<_>>()
    };
    let prompt = "Look at the weather.";
    client.call::<()>("runNow", (&task.id,)).await.unwrap();
    settle(&test).await;
    assert_eq!(statuses(&list(&mut client).await.tasks[0].runs), ["retrying"]);
    test.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(statuses(&list(&mut client).await.tasks[0].runs), ["succeeded"]);
    assert_eq!(texts().await, [prompt, "Rain."]);
    // So is one at its time.
    test.advance(HOUR / 2 - Duration::from_secs(60)).await.unwrap();
    test.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(statuses(&list(&mut client).await.tasks[0].runs), ["succeeded", "succeeded"]);
    assert_eq!(texts().await, [prompt, "Rain.", prompt, "Sun."]);
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field() {
    let (test, _) = start([]);
    let mut client = connect(&test, "tasks").await;
    let new = NewTask { when: "61 * * * *".to_owned(), kind: TaskKind::Cron, ..half_hourly() };
    let new = NewTask { prompt: " ".to_owned(), zone: "Mars/Base".to_owned(), ..new };
    let problems: TaskProblems = client.call("create", (new,)).await.unwrap();
    assert!(problems.prompt.is_some() && problems.when.is_some() && problems.zone.is_some());
    assert_eq!(list(&mut client).await.tasks, []);
}

#[tokio::test]
async fn a_run_that_a_crash_has_cut_off_is_made_again() {
    let gate = Gate::new();
    let (mut test, model) = start([Script::new().gate(&gate).stop(), says("Rain.")]);
    let mut client = connect(&test, "tasks").await;
    let task = create(&mut client, half_hourly()).await;
    client.call::<()>("runNow", (&task.id,)).await.unwrap();
    // The run goes on until the process dies.
    tokio::select! {
        () = settle(&test) => panic!("the model has not answered"),
        _ = model.asked(1) => {}
    }
    test.crash().await.unwrap();
    settle(&test).await;
    let mut client = connect(&test, "tasks").await;
    let task = list(&mut client).await.tasks.remove(0);
    assert_eq!(statuses(&task.runs), ["succeeded"]);
    assert_eq!(task.next.len(), 3);
}

#[tokio::test]
async fn reminders_of_conversations_are_listed_and_cancelled() {
    let reminder = Script::new()
        .tool_call("r", "schedule_reminder", r#"{"text": "Tea", "delay_seconds": 3600}"#)
        .wait_for_tools();
    let (mut test, _) = start([reminder, says("I will.")]);
    say(&test, "c1", "Remind me of the tea in an hour.").await;
    let mut client = connect(&test, "tasks").await;
    let reminders = list(&mut client).await.reminders;
    assert_eq!((reminders[0].text.as_str(), reminders[0].next.len()), ("Tea", 1));
    client.call::<()>("cancelReminder", ("c1", &reminders[0].id)).await.unwrap();
    assert_eq!(list(&mut client).await.reminders, []);
    assert!(client.call::<()>("cancelReminder", ("c1", &reminders[0].id)).await.is_err());

    // One that nobody was told of, since the process has died.
    let assistant = test.get::<Assistant>("c2").unwrap();
    let cake = || "Cake".to_owned();
    let made =
        assistant.run(move |_, cx| async move { cx.schedule(HOUR, Assistant::REMIND, cake()) });
    made.await.unwrap().unwrap();
    test.crash().await.unwrap();
    let mut client = connect(&test, "tasks").await;
    loop {
        let reminders = list(&mut client).await.reminders;
        if reminders.iter().any(|reminder| reminder.text == "Cake") {
            break;
        }
        client.state::<TasksState>().await.unwrap();
    }
}
