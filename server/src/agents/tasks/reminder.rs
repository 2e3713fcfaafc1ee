//! A reminder of a conversation, as it is kept here: what the page says of it is in the language of who
//! looks.

use std::time::UNIX_EPOCH;

use domovoi_agents::{prelude::*, schedule::Timing};
use domovoi_app::{language::Lang, types::tasks::ReminderView};

use super::timing;

/// A reminder that the assistant has set in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reminder {
    pub(super) id: String,
    pub(super) conversation: String,
    text: String,
    /// When it comes again and again; nothing where it comes once.
    #[serde(default)]
    cron: Option<String>,
    /// The time zone it is told in.
    #[serde(default)]
    zone: String,
    /// When it is due next, in milliseconds since 1970.
    pub(crate) due: i64,
    /// When it is due next and after that. One that was kept before these were tells none until its
    /// conversation has told of it again.
    #[serde(default)]
    times: Vec<i64>,
}

impl Reminder {
    pub(crate) fn of(conversation: &str, schedule: &Schedule) -> Self {
        let (cron, zone) = match &schedule.timing {
            Timing::Cron { cron, timezone } => {
                (Some(cron.clone()), timezone.clone().unwrap_or_else(|| "UTC".to_owned()))
            }
            _ => (None, timing::system_zone()),
        };
        let times = schedule.upcoming(timing::SHOWN).into_iter().map(|time| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
        Self {
            id: schedule.id.clone(),
            conversation: conversation.to_owned(),
            text: schedule.payload.as_str().unwrap_or_default().to_owned(),
            cron,
            zone,
            due: (schedule.due * 1000.0).round() as i64,
            times: times.collect(),
        }
    }

    /// The id of its schedule.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn view(self, lang: Lang) -> ReminderView {
        let zone = timing::zone(&self.zone);
        ReminderView {
            timing: match &self.cron {
                Some(cron) => lang.cron_in_zone(cron, &self.zone),
                None => lang.once().to_owned(),
            },
            next: self.times.iter().map(|time| timing::words(*time, &zone, lang)).collect(),
            id: self.id,
            conversation: self.conversation,
            text: self.text,
            due: self.due,
        }
    }
}
