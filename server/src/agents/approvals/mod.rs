//! The inbox: all calls in all conversations that wait for a person, and what was decided.
//!
//! A conversation tells it what it has whenever that changes, so nothing has to be woken to list
//! what waits. The conversation's own trail is the truth: a decision is made there, and what is
//! listed as waiting is asked about once more when the process has started.

mod store;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use domovoi_agents::{
    chat::{ApprovalRecord, RecordedDecision},
    prelude::*,
};
use domovoi_app::types::approvals::{
    ApprovalAnswer, ApprovalView, ApprovalsState, ApprovalsView, DecisionView,
};

use super::{Assistant, server_only};

/// Who decides where nobody has a name: a person at this machine.
const NOBODY: &str = "";

/// The inbox.
#[derive(Clone, Default)]
pub(crate) struct Approvals {
    /// Conversations were asked what waits since the process began.
    asked: Arc<AtomicBool>,
}

#[agent(state = ApprovalsState)]
impl Approvals {
    fn validate_state(
        &self,
        _cx: &Context<Self>,
        _state: &ApprovalsState,
        source: &StateSource,
    ) -> Result<()> {
        server_only(source, "the list is changed by decisions")
    }

    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        store::create(cx)?;
        if self.asked.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        // A conversation can have been deleted without a word, by a crash.
        let waiting = store::conversations(cx)?;
        let agents = cx.agents().clone();
        cx.spawn(async move {
            for conversation in waiting {
                if let Err(error) = ask_again(&agents, &conversation).await {
                    tracing::warn!(conversation, %error, "what waits cannot be looked at");
                }
            }
        });
        Ok(())
    }

    /// What waits and what was decided last.
    #[callable]
    pub(crate) fn list(&self, cx: &Context<Self>) -> Result<ApprovalsView> {
        store::view(cx)
    }

    /// Decides on a call, in the place of its conversation's page.
    #[callable]
    async fn decide(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
        answer: ApprovalAnswer,
    ) -> Result<()> {
        let by = connection.identity_name().unwrap_or(NOBODY).to_owned();
        let ApprovalAnswer { conversation, tool_call_id, approved, reason, input } = answer;
        let mut decision = match (approved, input) {
            (true, Some(input)) => RecordedDecision::approval_of(input),
            (true, None) => RecordedDecision::approval(),
            (false, _) => RecordedDecision::default(),
        };
        decision.reason = reason;
        let assistant = cx.agents().get::<Assistant>(&conversation)?;
        let was_open = assistant
            .run(move |assistant, cx| async move {
                let was_open = cx.decide_approval(&tool_call_id, &by, decision)?;
                assistant.tell_approvals(&cx).await?;
                Ok::<_, HandlerError>(was_open)
            })
            .await??;
        match was_open {
            true => Ok(()),
            false => Err("This call does not wait any more.".into()),
        }
    }

    /// Takes in what a conversation has: all of it, so that a report may come late or twice.
    pub(super) fn report(
        &self,
        cx: &Context<Self>,
        conversation: &str,
        records: Vec<ApprovalRecord>,
    ) -> Result<()> {
        let is_shown = |record: &ApprovalRecord| record.open || record.decision.is_some();
        let views = records
            .into_iter()
            .filter(is_shown)
            .map(|record| view_of(conversation, record))
            .collect::<Vec<_>>();
        store::replace(cx, conversation, &views)?;
        let open = store::count_open(cx)?;
        cx.update_state(|state| {
            state.open = open;
            state.revision += 1;
        })?;
        Ok(())
    }
}

/// Has a conversation report. One that is gone reports that it has nothing.
async fn ask_again(agents: &Agents, conversation: &str) -> Result<()> {
    let assistant = agents.get::<Assistant>(conversation)?;
    assistant.run(|assistant, cx| async move { assistant.tell_approvals(&cx).await }).await?
}

fn view_of(conversation: &str, record: ApprovalRecord) -> ApprovalView {
    let request = record.request;
    ApprovalView {
        id: request.id,
        conversation: conversation.to_owned(),
        tool_call_id: request.tool_call_id,
        tool_name: request.tool_name,
        input: request.input,
        asked_at: request.asked_at,
        expires_at: request.expires_at,
        decision: record.decision.map(|decision| DecisionView {
            at: decision.at,
            by: decision.by.filter(|by| by != NOBODY),
            approved: decision.approved,
            reason: decision.reason,
            input: decision.input,
            expired: decision.expired,
        }),
    }
}
