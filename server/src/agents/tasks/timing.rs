//! What a person writes, as a time of the scheduler's, and back in words.

use std::time::{Duration, SystemTime};

use domovoi_agents::{prelude::*, schedule::When};
use domovoi_app::{
    language::Lang,
    types::tasks::{NewTask, TaskKind, TaskProblems},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Runs to come that are shown.
pub(super) const SHOWN: usize = 3;
/// Longest interval, in minutes: a year.
const MAX_MINUTES: u64 = 366 * 24 * 60;

/// When a task is to run; what is wrong is noted in `problems`.
pub(super) fn when(new: &NewTask, problems: &mut TaskProblems) -> Option<When> {
    let text = new.when.trim();
    if new.kind == TaskKind::Every {
        let minutes = text.parse().ok().filter(|minutes| (1..=MAX_MINUTES).contains(minutes));
        if minutes.is_none() {
            problems.when = Some("Write a whole number of minutes, 1 or more.".to_owned());
        }
        return minutes.map(|minutes| Every(Duration::from_secs(minutes * 60)).into());
    }
    let zone = match TimeZone::get(new.zone.trim()) {
        Ok(zone) => Some(zone),
        Err(_) => {
            problems.zone =
                Some("There is no such time zone. Write one such as Europe/Prague.".to_owned());
            None
        }
    };
    let read = match new.kind {
        TaskKind::Once => date(text, zone.as_ref()),
        TaskKind::Cron | TaskKind::Every => cron(text, zone.as_ref()),
    };
    match read {
        Ok(when) => when,
        Err(problem) => {
            problems.when = Some(problem);
            None
        }
    }
}

/// A date; nothing where there is no zone to read it in.
fn date(text: &str, zone: Option<&TimeZone>) -> Result<Option<When>, String> {
    let date: DateTime = text.parse().map_err(|_| "Write a date and a time.".to_owned())?;
    let Some(zone) = zone else { return Ok(None) };
    let date = date.to_zoned(zone.clone()).map_err(|error| error.to_string())?.timestamp();
    match date > Timestamp::now() {
        true => Ok(Some(SystemTime::from(date).into())),
        false => Err("That time has passed.".to_owned()),
    }
}

fn cron(text: &str, zone: Option<&TimeZone>) -> Result<Option<When>, String> {
    if text.split_whitespace().count() != 5 {
        return Err("Write five fields: minute, hour, day, month, weekday.".to_owned());
    }
    let cron = Cron::parse(text).map_err(|error| error.to_string())?;
    let Some(name) = zone.and_then(TimeZone::iana_name) else { return Ok(None) };
    let cron = cron.in_zone(name).map_err(|error| error.to_string())?;
    Ok(Some(cron.into()))
}

/// The server's time zone by its name.
pub(super) fn system_zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

/// A time in a zone, as a person reads it.
pub(super) fn words(time: impl Into<Moment>, zone: &TimeZone, lang: Lang) -> String {
    let Moment(time) = time.into();
    let time = time.to_zoned(zone.clone());
    let name = |names: &'static str, number: i8| {
        usize::try_from(number - 1).ok().and_then(|index| names.split(' ').nth(index))
    };
    let weekday = name(lang.weekdays(), time.weekday().to_monday_one_offset()).unwrap_or_default();
    let month = name(lang.months(), time.month()).unwrap_or_default();
    let clock = time.strftime("%H:%M %Z");
    lang.date_in_words(clock, time.day(), month, weekday, time.year())
}

/// A time, whatever it is given as.
pub(super) struct Moment(Timestamp);

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self(Timestamp::try_from(time).unwrap_or(Timestamp::MAX))
    }
}

impl From<i64> for Moment {
    fn from(millis: i64) -> Self {
        Self(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
    }
}

/// The zone of this name; UTC where there is none.
pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The next runs of a schedule in words.
pub(super) fn next(schedule: &Schedule, zone: &TimeZone, lang: Lang) -> Vec<String> {
    schedule.upcoming(SHOWN).into_iter().map(|time| words(time, zone, lang)).collect()
}

/// When a task runs, in words.
pub(super) fn describe(task: &NewTask, lang: Lang) -> String {
    match task.kind {
        TaskKind::Cron => lang.cron_in_zone(&task.when, &task.zone),
        TaskKind::Once => lang.once_in_zone(task.when.replace('T', " "), &task.zone),
        TaskKind::Every if task.when == "1" => lang.every_minute().to_owned(),
        TaskKind::Every => lang.every_count_minutes(&task.when),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(kind: TaskKind, when: &str, zone: &str) -> (bool, TaskProblems) {
        let new =
            NewTask { kind, when: when.to_owned(), zone: zone.to_owned(), ..NewTask::default() };
        let mut problems = TaskProblems::default();
        (super::when(&new, &mut problems).is_some(), problems)
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let fine = (true, TaskProblems::default());
        assert_eq!(problems(TaskKind::Cron, "0 9 * * MON-FRI", "Europe/Prague"), fine);
        assert_eq!(problems(TaskKind::Every, " 15 ", ""), fine);
        assert_eq!(problems(TaskKind::Once, "2999-01-31T09:00", "UTC"), fine);
        for (kind, when) in [
            (TaskKind::Cron, "* * * * * *"),
            (TaskKind::Cron, "61 * * * *"),
            (TaskKind::Every, "0"),
            (TaskKind::Every, "soon"),
            (TaskKind::Once, "2020-01-31T09:00"),
            (TaskKind::Once, "tomorrow"),
        ] {
            let (fits, problems) = problems(kind, when, "UTC");
            assert!(!fits && problems.when.is_some() && problems.zone.is_none(), "{when}");
        }
        let (fits, problems) = problems(TaskKind::Cron, "0 9 * * *", "Mars/Base");
        assert!(!fits && problems.zone.is_some() && problems.when.is_none());
    }

    #[test]
    fn times_are_read_in_both_languages() {
        let prague = zone("Europe/Prague");
        let time = |lang| words(1_709_190_000_000_i64, &prague, lang);
        assert_eq!(time(Lang::En), "Thu 29 Feb 2024, 08:00 CET");
        assert_eq!(time(Lang::De), "Do., 29. Feb. 2024, 08:00 CET");
        let every = |when: &str| {
            let task =
                NewTask { kind: TaskKind::Every, when: when.to_owned(), ..NewTask::default() };
            [Lang::En, Lang::De].map(|lang| describe(&task, lang))
        };
        assert_eq!(every("1"), ["every minute", "jede Minute"]);
        assert_eq!(every("5"), ["every 5 minutes", "alle 5 Minuten"]);
    }
}
