//! Tasks that run later: after a delay, at a date, by cron, at an interval, in a queue.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domovoi_agents::{
    prelude::*,
    schedule::{Overlap, QueuedTask, Retry, Run, ScheduleFilter, ScheduleKind},
};

#[derive(Default, Clone, Serialize, Deserialize)]
struct Done {
    reminded: Vec<String>,
    reports: u32,
    /// How often a letter was to be delivered.
    attempts: u32,
    delivered: Vec<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Letter {
    to: String,
    text: String,
}

#[derive(Default)]
struct Reminders;

#[agent(state = Done)]
impl Reminders {
    #[task]
    fn remind(&self, cx: &Context<Self>, text: String) -> Result<()> {
        cx.broadcast(format!("reminder: {text}"));
        Ok(cx.update_state(|done| done.reminded.push(text))?)
    }

    #[task]
    fn report(&self, cx: &Context<Self>) -> Result<()> {
        Ok(cx.update_state(|done| done.reports += 1)?)
    }

    /// Fails at first, as networks do.
    #[task]
    async fn deliver(&self, cx: &Context<Self>, letter: Letter) -> Result<()> {
        if letter.to.is_empty() {
            return Err(HandlerError::new("nobody to deliver it to").terminal());
        }
        let attempt = cx.update_state(|done| {
            done.attempts += 1;
            done.attempts
        })?;
        if attempt < 3 {
            return Err("the line is busy".into());
        }
        Ok(cx.update_state(|done| done.delivered.push(letter.text))?)
    }

    /// After a delay.
    #[callable]
    fn remind_in(&self, cx: &Context<Self>, seconds: f64, text: String) -> Result<Schedule> {
        Ok(cx.schedule(Duration::try_from_secs_f64(seconds)?, Self::REMIND, text)?)
    }

    /// At a date, in milliseconds since 1970.
    #[callable]
    fn remind_at(&self, cx: &Context<Self>, date: u64, text: String) -> Result<Schedule> {
        let date: SystemTime = UNIX_EPOCH + Duration::from_millis(date);
        Ok(cx.schedule(date, Self::REMIND, text)?)
    }

    /// By a cron expression, in a time zone.
    #[callable]
    fn remind_by(
        &self,
        cx: &Context<Self>,
        cron: String,
        zone: Option<String>,
        text: String,
    ) -> Result<Schedule> {
        let mut cron = Cron::parse(&cron)?;
        if let Some(zone) = zone {
            cron = cron.in_zone(&zone)?;
        }
        Ok(cx.schedule(cron, Self::REMIND, text)?)
    }

    /// At an interval. However often this is called, there is one such schedule.
    #[callable]
    fn report_every(&self, cx: &Context<Self>, seconds: f64) -> Result<Schedule> {
        let every = Every(Duration::try_from_secs_f64(seconds)?);
        let options = ScheduleOptions::default().key("report").overlap(Overlap::Skip);
        Ok(cx.schedule_with(every, Self::REPORT, (), options)?)
    }

    /// All schedules, those that are due first in front.
    #[callable]
    fn list(&self, cx: &Context<Self>) -> Result<Vec<Schedule>> {
        Ok(cx.get_schedules(&ScheduleFilter::default())?)
    }

    /// What is due in the next so many seconds.
    #[callable]
    fn due_within(&self, cx: &Context<Self>, seconds: u64) -> Result<Vec<Schedule>> {
        let now = SystemTime::now();
        let filter = ScheduleFilter {
            from: Some(now),
            to: Some(now + Duration::from_secs(seconds)),
            ..ScheduleFilter::default()
        };
        Ok(cx.get_schedules(&filter)?)
    }

    /// One of them, by its id.
    #[callable]
    fn find(&self, cx: &Context<Self>, id: String) -> Result<Option<Schedule>> {
        Ok(cx.get_schedule(&id)?)
    }

    /// Whether there was one.
    #[callable]
    fn cancel(&self, cx: &Context<Self>, id: String) -> Result<bool> {
        Ok(cx.cancel_schedule(&id)?)
    }

    /// Cancels all of a kind: `delayed`, `scheduled`, `cron` or `interval`.
    #[callable]
    fn cancel_all(&self, cx: &Context<Self>, kind: ScheduleKind) -> Result<usize> {
        let filter = ScheduleFilter { kind: Some(kind), ..ScheduleFilter::default() };
        Ok(cx.cancel_schedules(&filter)?)
    }

    /// Tries again after an error, up to five times.
    #[callable]
    fn deliver_soon(&self, cx: &Context<Self>, letter: Letter) -> Result<Schedule> {
        let retry = Retry {
            max_attempts: 5,
            first_delay: Duration::from_millis(20),
            max_delay: Duration::from_secs(60),
        };
        let options = ScheduleOptions::default().retry(retry);
        Ok(cx.schedule_with(Duration::ZERO, Self::DELIVER, letter, options)?)
    }

    /// How the runs of a schedule went.
    #[callable]
    fn history(&self, cx: &Context<Self>, id: String) -> Result<Vec<Run>> {
        Ok(cx.runs(Some(&id), 10)?)
    }

    /// In the background, one after the other.
    #[callable]
    fn remind_in_turn(&self, cx: &Context<Self>, texts: Vec<String>) -> Result<Vec<QueuedTask>> {
        for text in texts {
            cx.queue(Self::REMIND, text)?;
        }
        Ok(cx.queued()?)
    }

    #[callable]
    fn dequeue(&self, cx: &Context<Self>, id: String) -> Result<bool> {
        Ok(cx.dequeue(&id)?)
    }
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Reminders>().run()
}
