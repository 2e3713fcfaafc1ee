//! An agent with sub-agents.

use domovoi_agents::prelude::*;

#[derive(Default)]
pub(crate) struct TestParentAgent;

#[agent]
impl TestParentAgent {
    #[callable]
    async fn delete_child(&self, cx: &Context<Self>, name: String) -> Result<()> {
        Ok(cx.delete_sub_agent::<CounterSubAgent>(&name).await?)
    }
}

#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct CountState {
    count: i64,
}

#[derive(Default)]
pub(crate) struct CounterSubAgent;

#[agent(state = CountState)]
impl CounterSubAgent {
    #[callable]
    fn increment(&self, cx: &Context<Self>) -> Result<i64, AgentError> {
        cx.update_state(|state| {
            state.count += 1;
            state.count
        })
    }
}
