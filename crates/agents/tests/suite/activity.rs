//! What went wrong in an instance is remembered, and who looks at it hears that something happens.

use std::time::Duration;

use domovoi_agents::{inspect::Happenings, prelude::*, testing::TestAgents};
use tokio::time::timeout;

/// Fails at everything it is asked.
#[derive(Default)]
struct Clumsy;

#[agent(state = u32)]
impl Clumsy {
    async fn on_connect(&self, _cx: &Context<Self>, connection: &Connection) -> Result<()> {
        match connection.query("bad") {
            None => Ok(()),
            Some(_) => Err("nobody is let in".into()),
        }
    }

    #[callable]
    fn count(&self, cx: &Context<Self>, by: u32) -> Result<()> {
        Ok(cx.update_state(|count| *count += by)?)
    }

    #[callable]
    fn fail(&self, _cx: &Context<Self>, words: String) -> Result<()> {
        Err(HandlerError::new(words).private())
    }

    #[callable]
    fn panics(&self) {
        panic!("a test of panics");
    }

    #[task]
    fn give_up(&self, _cx: &Context<Self>) -> Result<()> {
        Err(HandlerError::new("never").terminal())
    }
}

fn start() -> TestAgents {
    TestAgents::new(|agents| agents.agent::<Clumsy>()).unwrap()
}

/// What has failed, oldest first.
fn failures(test: &TestAgents) -> Vec<String> {
    let failures = test.agents().failures_of("clumsy", "a").unwrap();
    failures.into_iter().map(|it| format!("{}: {}", it.what, it.error)).collect()
}

async fn hears(happenings: &mut Happenings) {
    timeout(Duration::from_secs(30), happenings.next()).await.expect("nothing is heard of");
}

#[tokio::test]
async fn what_fails_is_remembered_without_what_was_said() {
    let test = start();
    let mut client = test.connect("clumsy/a").await.unwrap();
    assert_eq!(failures(&test), [""; 0]);
    client.call::<()>("fail", ("a secret",)).await.unwrap_err();
    client.call::<()>("count", ("a secret",)).await.unwrap_err();
    client.call::<()>("panics", ()).await.unwrap_err();
    test.agents().call::<()>("clumsy", "a", "fail", ["a secret"]).await.unwrap_err();
    let _bad = test.connect("clumsy/a?bad=1").await.unwrap();
    let handle = test.get::<Clumsy>("a").unwrap();
    handle
        .run(|_, cx| async move { cx.schedule(Duration::from_secs(1), Clumsy::GIVE_UP, ()) })
        .await
        .unwrap()
        .unwrap();
    test.advance(Duration::from_secs(2)).await.unwrap();
    let expected = [
        "call of fail: its words are not for a log",
        "call of count: its words are not for a log",
        "a message: the handler panicked",
        "call of fail: its words are not for a log",
        "on_connect: nobody is let in",
        "task giveUp, attempt 1: never",
    ];
    assert_eq!(failures(&test), expected);
    assert!(test.agents().failures_of("clumsy", "b").unwrap().is_empty());
    test.agents().destroy("clumsy", "a").await.unwrap();
    assert_eq!(failures(&test), [""; 0]);
}

#[tokio::test]
async fn the_newest_failures_are_kept() {
    let test = start();
    let mut client = test.connect("clumsy/a").await.unwrap();
    for at in 0..60 {
        client.call::<()>(&format!("nothing{at}"), ()).await.unwrap_err();
    }
    let kept = failures(&test);
    assert_eq!(kept.len(), 50);
    assert!(kept[0].contains("nothing10") && kept[49].contains("nothing59"), "{kept:?}");
    let long = "x".repeat(10_000);
    client.call::<()>(&long, ()).await.unwrap_err();
    assert!(failures(&test)[49].len() < 1_000);
}

#[tokio::test]
async fn who_looks_hears_of_everything_and_wakes_nobody() {
    let test = start();
    let mut looking = test.agents().watch("clumsy", "a").unwrap();
    let mut elsewhere = test.agents().watch("clumsy", "b").unwrap();
    let mut client = test.connect("clumsy/a").await.unwrap();
    hears(&mut looking).await;
    client.call::<()>("count", (1,)).await.unwrap();
    hears(&mut looking).await;
    client.call::<()>("fail", ("x",)).await.unwrap_err();
    hears(&mut looking).await;
    test.sleep::<Clumsy>("a").await.unwrap();
    client.call::<()>("count", (1,)).await.unwrap();
    hears(&mut looking).await;
    // Two may look, and one that has gone is not waited for.
    let mut second = test.agents().watch("clumsy", "a").unwrap();
    drop(looking);
    client.close(1000, "");
    hears(&mut second).await;
    let nothing = timeout(Duration::from_millis(1), elsewhere.next()).await;
    assert!(nothing.is_err(), "it has heard of another instance");
    assert!(test.agents().watch("nobody", "a").is_err());
}
