//! A counter agent, in the whole server: state, one method, registration.

use domovoi_agents::prelude::*;

#[derive(Default, Clone, Serialize, Deserialize)]
struct CounterState {
    counter: i64,
}

#[derive(Default)]
struct Counter;

#[agent(state = CounterState)]
impl Counter {
    #[callable]
    fn increment(&self, cx: &Context<Self>) -> Result<(), AgentError> {
        cx.update_state(|state| state.counter += 1)
    }
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Counter>().run()
}
