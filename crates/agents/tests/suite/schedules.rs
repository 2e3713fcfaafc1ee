//! Schedules and the queue, on a clock that the test moves.

use std::time::Duration;

use domovoi_agents::{
    prelude::*,
    schedule::{CatchUp, Overlap, Retry, RunStatus, ScheduleFilter, ScheduleKind},
    testing::TestAgents,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What has happened, in order.
#[derive(Default)]
struct Diary;

#[agent(state = Vec<String>)]
impl Diary {
    #[task]
    fn note(&self, cx: &Context<Self>, text: String) -> Result<()> {
        Ok(cx.update_state(|notes| notes.push(text))?)
    }

    /// Fails as often as it is told to.
    #[task]
    fn fail(&self, cx: &Context<Self>, times: usize) -> Result<()> {
        let failed = cx.update_state(|notes| {
            notes.push("try".to_owned());
            notes.len() <= times
        })?;
        if failed { Err("not yet".into()) } else { Ok(()) }
    }

    #[task]
    fn give_up(&self, _cx: &Context<Self>) -> Result<()> {
        Err(HandlerError::new("never").terminal())
    }

    #[task]
    fn panics(&self) {
        panic!("a test of panics");
    }

    /// Runs until somebody connects.
    #[task]
    async fn wait(&self, cx: &Context<Self>) -> Result<()> {
        cx.update_state(|notes| notes.push("begun".to_owned()))?;
        while cx.connections().is_empty() {
            tokio::task::yield_now().await;
        }
        cx.update_state(|notes| notes.push("done".to_owned()))?;
        Ok(())
    }
}

fn diary() -> TestAgents {
    TestAgents::new(|agents| agents.agent::<Diary>()).unwrap()
}

/// Runs `work` in the instance `a`.
async fn inside<T: Send + 'static>(
    test: &TestAgents,
    work: impl FnOnce(&Context<Diary>) -> Result<T, AgentError> + Send + 'static,
) -> T {
    let handle = test.get::<Diary>("a").unwrap();
    handle.run(|_, cx| async move { work(&cx) }).await.unwrap().unwrap()
}

async fn notes(test: &TestAgents) -> Vec<String> {
    inside(test, |cx| Ok(cx.state().to_vec())).await
}

async fn statuses(test: &TestAgents) -> Vec<RunStatus> {
    let mut runs = inside(test, |cx| cx.runs(None, 2_000)).await;
    runs.reverse();
    runs.iter().map(|run| run.status).collect()
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn delays_dates_and_intervals_run_in_order_and_once() {
    let test = diary();
    let date = test.now() + 2 * HOUR;
    let schedules = inside(&test, move |cx| {
        Ok([
            cx.schedule(3 * HOUR, Diary::NOTE, text("delay"))?,
            cx.schedule(date, Diary::NOTE, text("date"))?,
            cx.schedule(Every(80 * 60 * SECOND), Diary::NOTE, text("every"))?,
        ])
    })
    .await;
    let kinds = schedules.map(|schedule| serde_json::to_value(schedule).unwrap()["type"].clone());
    assert_eq!(kinds, ["delayed", "scheduled", "interval"]);
    test.sleep::<Diary>("a").await.unwrap();
    test.advance(HOUR).await.unwrap();
    assert!(notes(&test).await.is_empty());
    test.advance(3 * HOUR).await.unwrap();
    assert_eq!(notes(&test).await, ["every", "date", "every", "delay", "every"]);
    let left = inside(&test, |cx| cx.get_schedules(&ScheduleFilter::default())).await;
    assert_eq!(left.len(), 1, "what is done is gone");
}

#[tokio::test]
async fn a_year_ahead_runs_at_once_and_survives_a_crash() {
    let mut test = diary();
    inside(&test, |cx| cx.schedule(365 * DAY, Diary::NOTE, text("a year"))).await;
    test.crash().await.unwrap();
    test.advance(364 * DAY).await.unwrap();
    assert!(notes(&test).await.is_empty());
    test.crash().await.unwrap();
    test.advance(2 * DAY).await.unwrap();
    assert_eq!(notes(&test).await, ["a year"]);
    assert_eq!(statuses(&test).await, [RunStatus::Succeeded]);
}

#[tokio::test]
async fn cron_runs_in_its_time_zone() {
    let test = diary();
    let schedule = inside(&test, |cx| {
        let cron = Cron::parse("30 15 9 * * *")?.in_zone("Europe/Prague")?;
        cx.schedule(cron, Diary::NOTE, text("morning"))
    })
    .await;
    let prague = jiff::tz::TimeZone::get("Europe/Prague").unwrap();
    let due = jiff::Timestamp::from_second(schedule.due as i64).unwrap().to_zoned(prague);
    assert_eq!((due.hour(), due.minute(), due.second()), (9, 15, 30));
    test.advance(7 * DAY).await.unwrap();
    let count = notes(&test).await.len();
    assert!((6..=8).contains(&count), "{count} mornings");
}

#[tokio::test]
async fn a_schedule_that_is_made_again_is_the_same_one() {
    let mut test = diary();
    let make = |cx: &Context<Diary>| {
        let daily = ScheduleOptions::default().key("daily");
        Ok([
            cx.schedule_with(Every(DAY), Diary::NOTE, text("key"), daily)?.id,
            cx.schedule(Every(DAY), Diary::NOTE, text("no key"))?.id,
        ])
    };
    let first = inside(&test, make).await;
    test.crash().await.unwrap();
    test.advance(HOUR).await.unwrap();
    assert_eq!(inside(&test, make).await, first);
    // The same key with another task, and a delay without a key.
    let (changed, delay) = inside(&test, |cx| {
        let daily = ScheduleOptions::default().key("daily");
        let changed = cx.schedule_with(Every(HOUR), Diary::NOTE, text("changed"), daily)?;
        cx.schedule(HOUR, Diary::NOTE, text("delay"))?;
        Ok((changed, cx.schedule(HOUR, Diary::NOTE, text("delay"))?))
    })
    .await;
    assert_eq!((changed.id, changed.key.as_deref()), (first[0].clone(), Some("daily")));
    assert_eq!(delay.key, None);
    test.advance(HOUR).await.unwrap();
    assert_eq!(notes(&test).await, ["changed", "delay", "delay"]);
}

#[tokio::test]
async fn schedules_are_found_and_cancelled() {
    let test = diary();
    let now = test.now();
    let (first, found) = inside(&test, move |cx| {
        let first = cx.schedule(HOUR, Diary::NOTE, text("first"))?;
        cx.schedule(2 * HOUR, Diary::NOTE, text("second"))?;
        cx.schedule(Every(DAY), Diary::NOTE, text("third"))?;
        let ask = |filter| Ok::<_, AgentError>(cx.get_schedules(&filter)?.len());
        let filter = ScheduleFilter::default;
        let found = [
            ask(filter())?,
            ask(ScheduleFilter { kind: Some(ScheduleKind::Interval), ..filter() })?,
            ask(ScheduleFilter { from: Some(now), to: Some(now + 2 * HOUR), ..filter() })?,
            ask(ScheduleFilter { id: Some(first.id.clone()), ..filter() })?,
            ask(ScheduleFilter { id: Some(text("nobody's")), ..filter() })?,
        ];
        Ok((first, found))
    })
    .await;
    assert_eq!(found, [3, 1, 1, 1, 0]);
    let id = first.id.clone();
    let cancelled = inside(&test, move |cx| {
        Ok((cx.get_schedule(&id)?, cx.cancel_schedule(&id)?, cx.cancel_schedule(&id)?))
    })
    .await;
    assert_eq!(cancelled, (Some(first), true, false));
    test.advance(3 * HOUR).await.unwrap();
    assert_eq!(notes(&test).await, ["second"]);
}

#[tokio::test]
async fn schedules_are_cancelled_by_their_key_and_by_their_task() {
    let test = diary();
    let (by_key, again, by_task, left) = inside(&test, |cx| {
        let keyed = || ScheduleOptions::default().key("tea");
        cx.schedule_with(HOUR, Diary::NOTE, text("tea"), keyed())?;
        cx.schedule(Every(HOUR), Diary::NOTE, text("hourly"))?;
        cx.schedule(2 * HOUR, Diary::NOTE, text("later"))?;
        cx.schedule(2 * HOUR, Diary::GIVE_UP, ())?;
        let by_key = cx.cancel_schedule_with_key("tea")?;
        let again = cx.cancel_schedule_with_key("tea")?;
        let by_task = cx.cancel_schedules_of(Diary::NOTE)?;
        Ok((by_key, again, by_task, cx.get_schedules(&ScheduleFilter::default())?))
    })
    .await;
    assert_eq!((by_key, again, by_task), (true, false, 2));
    let left: Vec<_> = left.iter().map(|schedule| schedule.task.as_str()).collect();
    assert_eq!(left, [Diary::GIVE_UP.name()]);
    test.advance(3 * HOUR).await.unwrap();
    assert_eq!(notes(&test).await, [""; 0]);
}

#[tokio::test]
async fn failed_runs_are_tried_again_until_it_is_enough() {
    let test = diary();
    inside(&test, |cx| cx.schedule(SECOND, Diary::FAIL, 2)).await;
    test.advance(2 * SECOND).await.unwrap();
    assert_eq!(statuses(&test).await, [RunStatus::Retrying]);
    test.sleep::<Diary>("a").await.unwrap();
    test.advance(HOUR).await.unwrap();
    assert_eq!(notes(&test).await, ["try", "try", "try"]);
    assert_eq!(statuses(&test).await, [RunStatus::Succeeded]);

    inside(&test, |cx| {
        cx.schedule(SECOND, Diary::GIVE_UP, ())?;
        cx.schedule(2 * SECOND, Diary::PANICS, ())?;
        let once = ScheduleOptions::default().retry(Retry::never());
        cx.schedule_with(3 * SECOND, Diary::FAIL, 100, once)
    })
    .await;
    test.advance(HOUR).await.unwrap();
    let runs = inside(&test, |cx| cx.runs(None, 3)).await;
    let ends: Vec<_> = runs.iter().rev().map(|run| (run.status, run.attempt)).collect();
    assert_eq!(ends, [(RunStatus::Failed, 1), (RunStatus::Failed, 3), (RunStatus::Failed, 1)]);
    assert_eq!(runs[0].error.as_deref(), Some("not yet"));
    assert_eq!(runs[1].error.as_deref(), Some("the handler panicked"));
    let left = inside(&test, |cx| cx.get_schedules(&ScheduleFilter::default())).await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_as_agreed() {
    let mut test = diary();
    inside(&test, |cx| {
        for (name, catch_up) in
            [("once", CatchUp::Once), ("all", CatchUp::All), ("skip", CatchUp::Skip)]
        {
            let options = ScheduleOptions::default().catch_up(catch_up);
            cx.schedule_with(Every(HOUR), Diary::NOTE, text(name), options)?;
        }
        let options = ScheduleOptions::default().catch_up(CatchUp::Skip);
        cx.schedule_with(HOUR, Diary::NOTE, text("late"), options)
    })
    .await;
    // The machine is asleep: the clock goes on, and nothing runs.
    test.jump(3 * HOUR + 1800 * SECOND);
    test.crash().await.unwrap();
    test.advance(Duration::ZERO).await.unwrap();
    let mut made_up = notes(&test).await;
    made_up.sort();
    assert_eq!(made_up, ["all", "all", "all", "once"]);
    let skipped = statuses(&test).await.iter().filter(|it| **it == RunStatus::Skipped).count();
    assert_eq!(skipped, 2);
    test.advance(HOUR).await.unwrap();
    let mut then = notes(&test).await.split_off(4);
    then.sort();
    assert_eq!(then, ["all", "once", "skip"], "on the grid again");
}

#[tokio::test]
async fn runs_overlap_as_agreed() {
    for (overlap, ended) in [
        (Overlap::Skip, [RunStatus::Succeeded, RunStatus::Skipped, RunStatus::Skipped].as_slice()),
        (Overlap::Queue, &[RunStatus::Succeeded; 3]),
        (Overlap::Allow, &[RunStatus::Succeeded; 3]),
    ] {
        let test = diary();
        inside(&test, move |cx| {
            let options = ScheduleOptions::default().overlap(overlap);
            cx.schedule_with(Every(HOUR), Diary::WAIT, (), options)
        })
        .await;
        // The first run does not end, and so neither does the advance that begins it.
        let (advanced, begun) = tokio::join!(test.advance(3 * HOUR), async {
            while notes(&test).await.is_empty() {
                tokio::task::yield_now().await;
            }
            // Two more fall due while it runs.
            for runs in [2, 3] {
                test.jump(HOUR);
                let noted = async {
                    while statuses(&test).await.len() < runs {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    biased;
                    settled = test.settled::<Diary>("a") => settled.unwrap(),
                    () = noted => {}
                }
            }
            let begun = notes(&test).await.len();
            let _client = test.connect("diary/a").await.unwrap();
            test.settled::<Diary>("a").await.unwrap();
            begun
        });
        advanced.unwrap();
        assert_eq!(begun, if overlap == Overlap::Allow { 3 } else { 1 }, "{overlap:?}");
        assert_eq!(statuses(&test).await[..3], *ended, "{overlap:?}");
    }
}

#[tokio::test]
async fn the_queue_keeps_its_order_through_failures_and_crashes() {
    let mut test = diary();
    inside(&test, |cx| {
        let retry = Retry { max_attempts: 2, first_delay: 10 * SECOND, max_delay: 10 * SECOND };
        cx.queue_with(Diary::FAIL, 1, retry)?;
        let dropped = cx.queue(Diary::NOTE, text("dropped"))?;
        cx.queue(Diary::NOTE, text("second"))?;
        cx.queue(Diary::GIVE_UP, ())?;
        cx.queue(Diary::NOTE, text("third"))?;
        assert_eq!(cx.queued()?.len(), 5);
        assert!(cx.dequeue(&dropped.id)? && !cx.dequeue(&dropped.id)?);
        Ok(())
    })
    .await;
    test.advance(SECOND).await.unwrap();
    assert_eq!(notes(&test).await, ["try"], "the others wait for its second attempt");
    test.crash().await.unwrap();
    test.advance(HOUR).await.unwrap();
    assert_eq!(notes(&test).await, ["try", "try", "second", "third"]);
    assert!(inside(&test, |cx| cx.queued()).await.is_empty());
    let failed = inside(&test, |cx| cx.runs(None, 10)).await;
    assert_eq!(failed[0].error.as_deref(), Some("never"));
}

#[tokio::test]
async fn fifty_thousand_schedules_stay_usable() {
    let test = diary();
    inside(&test, |cx| {
        for index in 0..50_000_u32 {
            cx.schedule(DAY + index * SECOND, Diary::NOTE, index.to_string())?;
        }
        Ok(())
    })
    .await;
    test.advance(DAY + 99 * SECOND).await.unwrap();
    assert_eq!(notes(&test).await.len(), 100);
    let left = inside(&test, |cx| cx.get_schedules(&ScheduleFilter::default())).await;
    assert_eq!(left.len(), 49_900);
}

#[tokio::test]
async fn there_is_a_limit() {
    let limited = TestAgents::with_config(|it| it.max_schedules = 2, |it| it.agent::<Diary>());
    let test = limited.unwrap();
    let error = inside(&test, |cx| {
        cx.schedule(DAY, Diary::NOTE, text("1"))?;
        cx.schedule(DAY, Diary::NOTE, text("2"))?;
        Ok(cx.schedule(DAY, Diary::NOTE, text("3")).unwrap_err().to_string())
    })
    .await;
    assert!(error.contains("2 schedules"), "{error}");
}
