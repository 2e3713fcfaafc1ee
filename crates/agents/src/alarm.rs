//! The task that wakes instances when their schedules are due.

use std::sync::Arc;

use crate::{AgentError, Agents, InstanceId, agents::WeakAgents, storage::Index};

/// Alarms fired together.
const BATCH: usize = 500;

/// How long an instance that cannot be woken is left alone, in milliseconds.
const POSTPONED_MS: i64 = 60_000;

/// Fires alarms for as long as there are agents.
pub(crate) async fn run(agents: WeakAgents, index: Arc<Index>) {
    loop {
        let (next, clock) = {
            let Some(agents) = agents.upgrade() else { return };
            let next = fire(&agents).unwrap_or_else(|error| {
                tracing::error!(%error, "alarms cannot be read");
                Some(agents.clock().now() + POSTPONED_MS)
            });
            (next, agents.clock().clone())
        };
        tokio::select! {
            () = clock.reach(next.unwrap_or(i64::MAX)) => {}
            () = index.earlier.notified() => {}
        }
    }
}

/// Wakes the instances whose alarms are due, and answers when the next one is.
fn fire(agents: &Agents) -> Result<Option<i64>, AgentError> {
    loop {
        let due = agents.storage().index().fire(agents.clock().now(), BATCH)?;
        if due.is_empty() {
            return agents.storage().index().next();
        }
        for (agent, key) in due {
            // Nobody waits for the answer: an instance that cannot start postpones its alarm itself.
            drop(agents.alarm(&agent, &key));
        }
    }
}

impl Agents {
    /// Lets the alarm of an instance that cannot be woken, or cannot write, fire again in a while.
    pub(crate) fn postpone_alarm(&self, id: &InstanceId) {
        let due = self.clock().now() + POSTPONED_MS;
        let Err(error) = self.storage().index().postpone(id, due) else { return };
        tracing::error!(instance = %id, %error, "an alarm cannot be postponed");
        // On disk it counts as fired, so nobody else would wake the instance before a restart.
        let (agents, id, clock) = (WeakAgents::from(self), id.clone(), self.clock().clone());
        tokio::spawn(self.lifecycle().until_stopped(async move {
            clock.reach(due).await;
            if let Some(agents) = agents.upgrade() {
                drop(agents.alarm(id.agent(), &id.key()));
            }
        }));
    }
}
