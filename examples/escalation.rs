//! Questions that must not wait for ever: after a while somebody else is told, in the end they count
//! as rejected, and the audit trail says who decided what.

use std::{process::ExitCode, time::Duration};

use domovoi_agents::{
    chat::{ApprovalFilter, ApprovalPolicy, ApprovalRecord, ApprovalRequest, RecordedDecision},
    prelude::*,
};

#[derive(Deserialize, JsonSchema)]
struct OrderArgs {
    /// How many pieces to order.
    pieces: u32,
}

/// Orders pieces of chalk.
#[tool(needs_approval)]
async fn order_chalk(order: OrderArgs) -> Result<String> {
    Ok(format!("{} pieces are on their way", order.pieces))
}

#[derive(Default)]
struct PurchaseDesk;

impl AiChatAgent for PurchaseDesk {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let answer = StreamText::new(cx.model("default")?)
            .for_turn(cx, &turn)
            .messages(&cx.messages()?)
            .tool(order_chalk);
        Ok(answer.into_reply())
    }

    fn approval_policy(&self, request: &ApprovalRequest) -> ApprovalPolicy {
        let day = Duration::from_secs(24 * 3600);
        // What costs more is decided sooner.
        let days = if request.input["pieces"].as_u64() > Some(1000) { 1 } else { 3 };
        ApprovalPolicy::default().escalate_after(days * day).expires_after(30 * day)
    }

    async fn on_escalation(&self, cx: &Context<Self>, approval: &ApprovalRecord) -> Result<()> {
        cx.broadcast(format!("nobody has answered: {}", approval.request.input));
        Ok(())
    }
}

#[agent]
impl PurchaseDesk {
    /// What was asked and decided.
    #[callable]
    fn audit(&self, cx: &Context<Self>) -> Result<Vec<ApprovalRecord>> {
        Ok(cx.approvals(&ApprovalFilter::default())?)
    }

    /// Somebody has answered by mail.
    #[callable]
    fn answered_by_mail(&self, cx: &Context<Self>, call: String, by: String) -> Result<bool> {
        Ok(cx.decide_approval(&call, &by, RecordedDecision::approval())?)
    }
}

fn main() -> ExitCode {
    domovoi::Domovoi::new().chat_agent::<PurchaseDesk>().run()
}
