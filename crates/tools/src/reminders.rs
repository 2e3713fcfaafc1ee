//! Reminders: the agent speaks up later.

use std::{sync::Arc, time::Duration};

use domovoi_agents::{
    Agent, Context, Task,
    prelude::*,
    schedule::{ScheduleFilter, Timing, When},
};
use domovoi_models::ToolDefinition;
use futures::{FutureExt, future::BoxFuture};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use schemars::{Schema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Most reminders of one agent instance.
pub const MAX_REMINDERS: usize = 50;
/// Longest text of a reminder, in bytes.
const MAX_TEXT: usize = 2000;

/// The tools `schedule_reminder`, `list_reminders` and `cancel_reminder` for the agent that answers.
///
/// A reminder is a schedule of the agent, which runs `task` with the reminder's text. To have the
/// agent answer it, the task calls [`Context::ask`]: every open client sees the turn.
///
/// An instance has at most [`MAX_REMINDERS`], and one repeats once a minute at most.
///
/// ```
/// use domovoi_agents::prelude::*;
/// use domovoi_tools::reminders;
///
/// #[derive(Default)]
/// struct Helper;
///
/// #[agent]
/// impl Helper {
///     #[task]
///     fn remind(&self, cx: &Context<Self>, text: String) -> Result<()> {
///         cx.ask(format!("This reminder is due: {text}"));
///         Ok(())
///     }
/// }
///
/// impl AiChatAgent for Helper {
///     async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
///         let answer = StreamText::new(cx.model("default")?).for_turn(cx, &turn);
///         let answer = answer.messages(&cx.messages()?);
///         Ok(answer.tools(reminders(cx, Self::REMIND)).into_reply())
///     }
/// }
/// ```
#[must_use]
pub fn reminders<A: Agent>(cx: &Context<A>, task: Task<A, String>) -> Vec<Arc<dyn Tool>> {
    [Action::Create, Action::List, Action::Cancel]
        .map(|action| Arc::new(Reminders { cx: cx.clone(), task, action }) as Arc<dyn Tool>)
        .into()
}

/// One of the tools.
struct Reminders<A: Agent> {
    cx: Context<A>,
    task: Task<A, String>,
    action: Action,
}

impl<A: Agent> Clone for Reminders<A> {
    fn clone(&self) -> Self {
        Self { cx: self.cx.clone(), task: self.task, action: self.action }
    }
}

#[derive(Clone, Copy)]
enum Action {
    Create,
    List,
    Cancel,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewReminder {
    /// What to be reminded of, or to be done then.
    text: String,
    /// In so many seconds. Give exactly one of `delay_seconds`, `date` and `cron`.
    delay_seconds: Option<f64>,
    /// At this date, by RFC 3339: `2027-01-31T09:00:00+01:00`, or without offset in `zone`.
    date: Option<String>,
    /// Again and again, by a cron expression of five fields: `0 9 * * MON-FRI`.
    cron: Option<String>,
    /// Time zone of `cron` or `date`, such as `Europe/Prague`. By default that of the computer the
    /// assistant runs on.
    zone: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The reminder's id, from `list_reminders`.
    id: String,
}

impl Action {
    fn describe(self) -> (&'static str, &'static str, Schema) {
        match self {
            Self::Create => (
                "schedule_reminder",
                "Sets a reminder: when it is due, its text comes into this conversation and you \
                 answer it. Look at the time first where the person names one.",
                schema_for!(NewReminder),
            ),
            Self::List => (
                "list_reminders",
                "Lists the reminders of this conversation that are to come.",
                schema_for!(Nothing),
            ),
            Self::Cancel => {
                ("cancel_reminder", "Cancels a reminder of this conversation.", schema_for!(Which))
            }
        }
    }
}

impl<A: Agent> Tool for Reminders<A> {
    fn definition(&self) -> ToolDefinition {
        let (name, description, parameters) = self.action.describe();
        ToolDefinition {
            name: name.to_owned(),
            description: description.to_owned(),
            parameters: parameters.to_value(),
        }
    }

    fn check(&self, arguments: &Value) -> Result<()> {
        fn fits<T: DeserializeOwned>(arguments: &Value) -> Result<()> {
            let _: T = serde_json::from_value(arguments.clone())?;
            Ok(())
        }
        match self.action {
            Action::Create => fits::<NewReminder>(arguments),
            Action::List => fits::<Nothing>(arguments),
            Action::Cancel => fits::<Which>(arguments),
        }
    }

    fn call(&self, _cx: ToolContext, arguments: Value) -> BoxFuture<'static, Result<Value>> {
        let this = self.clone();
        async move {
            match this.action {
                Action::Create => this.create(serde_json::from_value(arguments)?),
                Action::List => Ok(this.all()?.iter().map(describe).collect()),
                Action::Cancel => this.cancel(&serde_json::from_value(arguments)?),
            }
        }
        .boxed()
    }
}

impl<A: Agent> Reminders<A> {
    fn create(&self, new: NewReminder) -> Result<Value> {
        let text = new.text.trim();
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(format!("A reminder has a text of 1 to {MAX_TEXT} characters.").into());
        }
        if self.all()?.len() >= MAX_REMINDERS {
            return Err(format!(
                "There are {MAX_REMINDERS} reminders, which is the limit. Cancel one first."
            )
            .into());
        }
        let text = text.to_owned();
        Ok(describe(&self.cx.schedule(when(&new)?, self.task, text)?))
    }

    fn cancel(&self, Which { id }: &Which) -> Result<Value> {
        if !self.all()?.iter().any(|reminder| reminder.id == *id) {
            return Err("There is no reminder with this id. Call list_reminders.".into());
        }
        Ok(json!({ "cancelled": self.cx.cancel_schedule(id)? }))
    }

    fn all(&self) -> Result<Vec<Schedule>> {
        let mut schedules = self.cx.get_schedules(&ScheduleFilter::default())?;
        schedules.retain(|schedule| schedule.task == self.task.name());
        Ok(schedules)
    }
}

fn when(new: &NewReminder) -> Result<When> {
    match (new.delay_seconds, &new.date, &new.cron) {
        (Some(seconds), None, None) => {
            let delay = Duration::try_from_secs_f64(seconds)
                .map_err(|_| "`delay_seconds` is no time that can be waited for.")?;
            Ok(delay.into())
        }
        (None, Some(date), None) => {
            let date = read_date(date.trim(), new.zone.as_deref())?;
            let now = Timestamp::now();
            if date <= now {
                return Err(format!("`date` has passed: it is {now} now.").into());
            }
            Ok(std::time::SystemTime::from(date).into())
        }
        (None, None, Some(cron)) => {
            if cron.split_whitespace().count() != 5 {
                return Err("`cron` has five fields: minute, hour, day, month, weekday.".into());
            }
            let cron = Cron::parse(cron)?;
            let system = TimeZone::system();
            Ok(match new.zone.as_deref().or(system.iana_name()) {
                Some(zone) => cron.in_zone(zone)?,
                None => cron,
            }
            .into())
        }
        _ => Err("Give exactly one of `delay_seconds`, `date` and `cron`.".into()),
    }
}

fn read_date(date: &str, zone: Option<&str>) -> Result<Timestamp> {
    if let Ok(date) = date.parse() {
        return Ok(date);
    }
    let zone = match zone {
        None => TimeZone::system(),
        Some(zone) => TimeZone::get(zone).map_err(|_| format!("`{zone}` is no time zone."))?,
    };
    let local: DateTime = date
        .parse()
        .map_err(|_| format!("`{date}` is no date such as 2027-01-31T09:00:00+01:00."))?;
    Ok(local.to_zoned(zone)?.timestamp())
}

/// A reminder as a model reads it.
fn describe(reminder: &Schedule) -> Value {
    let due = Timestamp::from_millisecond((reminder.due * 1000.0) as i64).unwrap_or(Timestamp::MAX);
    let mut description = json!({
        "id": reminder.id,
        "text": reminder.payload,
        "due": due.to_zoned(TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    });
    if let Timing::Cron { cron, timezone } = &reminder.timing {
        description["cron"] = json!(cron);
        description["zone"] = json!(timezone.as_deref().unwrap_or("UTC"));
    }
    description
}
