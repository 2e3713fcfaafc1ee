//! Notices clients that are gone without a word.

use std::time::Duration;

use crate::agents::WeakAgents;

/// A client that was silent for one round is asked, and given up after the next.
const ROUND: Duration = Duration::from_secs(30);

/// Looks after all connections for as long as there are agents.
pub(crate) async fn run(agents: WeakAgents) {
    loop {
        tokio::time::sleep(ROUND).await;
        let Some(agents) = agents.upgrade() else { return };
        agents.connections().for_each(|connection| connection.keep_alive());
    }
}
