//! Tasks that run later.

use std::time::Duration;

use domovoi_agents::{prelude::*, schedule::ScheduleFilter};
use serde_json::Value;

#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct FiredState {
    fired: u64,
    last: Value,
}

#[derive(Default)]
pub(crate) struct SchedulerAgent;

#[agent(state = FiredState)]
impl SchedulerAgent {
    #[task]
    fn fire(&self, cx: &Context<Self>, payload: Value) -> Result<()> {
        Ok(cx.update_state(|state| {
            state.fired += 1;
            state.last = payload;
        })?)
    }

    #[callable]
    fn remind(&self, cx: &Context<Self>, seconds: f64, payload: Value) -> Result<Schedule> {
        Ok(cx.schedule(Duration::try_from_secs_f64(seconds)?, Self::FIRE, payload)?)
    }

    #[callable]
    fn cron(&self, cx: &Context<Self>, expr: String, payload: Value) -> Result<Schedule> {
        Ok(cx.schedule(Cron::parse(&expr)?, Self::FIRE, payload)?)
    }

    #[callable]
    fn list(&self, cx: &Context<Self>) -> Result<Vec<Schedule>> {
        Ok(cx.get_schedules(&ScheduleFilter::default())?)
    }

    #[callable]
    fn cancel(&self, cx: &Context<Self>, id: String) -> Result<bool> {
        Ok(cx.cancel_schedule(&id)?)
    }
}
