//! A counter, and the cheapest call there is.

use domovoi_agents::prelude::*;
use serde_json::Value;

#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct CounterState {
    counter: i64,
}

#[derive(Default)]
pub(crate) struct CounterAgent;

#[agent(state = CounterState)]
impl CounterAgent {
    #[callable]
    fn increment(&self, cx: &Context<Self>) -> Result<i64, AgentError> {
        cx.update_state(|state| {
            state.counter += 1;
            state.counter
        })
    }

    #[callable]
    fn echo(&self, value: Value) -> Value {
        value
    }

    #[callable]
    fn get_counter(&self, cx: &Context<Self>) -> i64 {
        cx.state().counter
    }
}
