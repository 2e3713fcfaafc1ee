//! How many instances stay awake that nobody is connected to.

use domovoi_agents::{prelude::*, testing::TestAgents};
use tokio::sync::watch;

/// Instances that may stay; a few more may be on their way.
const CROWD: usize = 5_000;

/// Counts how many of its kind are in memory.
struct Counted(watch::Sender<usize>);

#[agent]
impl Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|awake| *awake -= 1);
    }
}

#[tokio::test]
async fn a_burst_of_instances_does_not_stay_in_memory() {
    let (awake, mut seen) = watch::channel(0);
    let test = TestAgents::new(move |agents| {
        let awake = awake.clone();
        agents.agent_with(move || {
            awake.send_modify(|awake| *awake += 1);
            Counted(awake.clone())
        })
    })
    .unwrap();
    // By themselves they would sleep after a day.
    let client = test.connect("counted/connected").await.unwrap();
    for index in 0..CROWD + 500 {
        let counted = test.get::<Counted>(&index.to_string()).unwrap();
        counted.run(|_, _| async {}).await.unwrap();
    }
    seen.wait_for(|awake| *awake <= CROWD + 1).await.unwrap();
    assert!(*seen.borrow() >= CROWD - 1, "below that they stay");
    drop(client);
}
