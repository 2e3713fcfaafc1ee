//! Writes of the runtime's own that fail for a while: nothing scheduled is lost by it, and nothing
//! runs again and again meanwhile.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use domovoi_agents::{prelude::*, schedule::RunStatus, testing::TestAgents};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Worker {
    done: AtomicUsize,
}

#[agent(state = usize)]
impl Worker {
    /// Counts its runs in the state, and in memory those of this life.
    #[task]
    fn work(&self, cx: &Context<Self>) -> Result<()> {
        self.done.fetch_add(1, Ordering::SeqCst);
        Ok(cx.update_state(|runs| *runs += 1)?)
    }
}

fn test() -> TestAgents {
    TestAgents::new(|agents| agents.agent::<Worker>()).unwrap()
}

/// Makes these writes fail, as a full disk does.
async fn fail(test: &TestAgents, writes: &'static str) {
    sql(test, format!("CREATE TRIGGER full BEFORE {writes} BEGIN SELECT RAISE(FAIL, 'full'); END"))
        .await;
}

async fn mend(test: &TestAgents) {
    sql(test, "DROP TRIGGER full".to_owned()).await;
}

async fn sql(test: &TestAgents, sql: String) {
    let worker = test.get::<Worker>("a").unwrap();
    worker
        .run(move |_, cx| async move { cx.sql().execute(&sql, []).map(|_| ()) })
        .await
        .unwrap()
        .unwrap();
}

async fn schedule(test: &TestAgents) {
    let worker = test.get::<Worker>("a").unwrap();
    let schedule =
        |_, cx: Context<Worker>| async move { cx.schedule(SECOND, Worker::WORK, ()).map(|_| ()) };
    worker.run(schedule).await.unwrap().unwrap();
}

/// Runs in all, and of this life.
async fn runs(test: &TestAgents) -> (usize, usize) {
    let worker = test.get::<Worker>("a").unwrap();
    worker
        .run(|this, cx| async move { (*cx.state(), this.done.load(Ordering::SeqCst)) })
        .await
        .unwrap()
}

/// How the runs stand, newest first.
async fn history(test: &TestAgents) -> Vec<RunStatus> {
    let worker = test.get::<Worker>("a").unwrap();
    let runs = worker.run(|_, cx| async move { cx.runs(None, 10) }).await.unwrap().unwrap();
    runs.into_iter().map(|run| run.status).collect()
}

const ENDS_OF_RUNS: &str = "UPDATE ON domovoi_runs WHEN new.status = 'succeeded'";

#[tokio::test]
async fn the_end_of_a_run_is_stored_when_that_is_possible_again() {
    let test = test();
    schedule(&test).await;
    fail(&test, ENDS_OF_RUNS).await;
    test.advance(10 * SECOND).await.unwrap();
    assert_eq!((runs(&test).await, history(&test).await), ((1, 1), vec![RunStatus::Running]));
    mend(&test).await;
    test.advance(HOUR).await.unwrap();
    assert_eq!((runs(&test).await, history(&test).await), ((1, 1), vec![RunStatus::Succeeded]));
}

#[tokio::test]
async fn a_run_whose_end_was_never_stored_begins_again_after_a_crash() {
    let mut test = test();
    schedule(&test).await;
    fail(&test, ENDS_OF_RUNS).await;
    test.advance(10 * SECOND).await.unwrap();
    test.crash().await.unwrap();
    mend(&test).await;
    test.advance(HOUR).await.unwrap();
    assert_eq!((runs(&test).await, history(&test).await), ((2, 1), vec![RunStatus::Succeeded]));
}

#[tokio::test]
async fn a_run_whose_end_was_never_stored_begins_again_after_sleep() {
    let test = test();
    schedule(&test).await;
    fail(&test, ENDS_OF_RUNS).await;
    test.advance(10 * SECOND).await.unwrap();
    test.sleep::<Worker>("a").await.unwrap();
    mend(&test).await;
    test.advance(HOUR).await.unwrap();
    assert_eq!((runs(&test).await, history(&test).await), ((2, 1), vec![RunStatus::Succeeded]));
}

#[tokio::test]
async fn a_schedule_that_cannot_begin_does_so_later() {
    let test = test();
    schedule(&test).await;
    fail(&test, "INSERT ON domovoi_runs").await;
    test.advance(10 * SECOND).await.unwrap();
    assert_eq!(runs(&test).await, (0, 0));
    mend(&test).await;
    test.advance(HOUR).await.unwrap();
    assert_eq!((runs(&test).await, history(&test).await), ((1, 1), vec![RunStatus::Succeeded]));
}

#[tokio::test]
async fn a_queued_task_that_cannot_be_taken_out_does_not_spin() {
    let test = test();
    let worker = test.get::<Worker>("a").unwrap();
    // With a schedule there are the tables.
    let far = |_, cx: Context<Worker>| async move {
        let schedule = cx.schedule(HOUR, Worker::WORK, ())?;
        cx.cancel_schedule(&schedule.id)
    };
    worker.run(far).await.unwrap().unwrap();
    fail(&test, "DELETE ON domovoi_queue").await;
    let queue = |_, cx: Context<Worker>| async move { cx.queue(Worker::WORK, ()).map(|_| ()) };
    worker.run(queue).await.unwrap().unwrap();
    test.advance(10 * SECOND).await.unwrap();
    let (meanwhile, _) = runs(&test).await;
    assert!((1..=3).contains(&meanwhile), "{meanwhile}");
    mend(&test).await;
    test.advance(HOUR).await.unwrap();
    assert_eq!(runs(&test).await.0, meanwhile + 1, "at least once");
    let left = worker.run(|_, cx| async move { cx.queued() }).await.unwrap().unwrap();
    assert_eq!(left, []);
}

fn test_in(folder: &Path) -> TestAgents {
    let data_dir = folder.to_owned();
    let configure = |config: &mut AgentsConfig| config.data_dir = data_dir;
    TestAgents::with_config(configure, |agents| agents.agent::<Worker>()).unwrap()
}

#[tokio::test]
async fn a_damaged_index_is_kept_aside_and_made_anew_from_the_files() {
    type Damage = fn(&Path);
    let damages: [(Damage, bool); 3] = [
        (|index| fs::write(index, "no database").unwrap(), true),
        (
            |index| {
                let mut bytes = fs::read(index).unwrap();
                bytes[4096..].fill(7);
                fs::write(index, bytes).unwrap();
            },
            true,
        ),
        (|index| fs::remove_file(index).unwrap(), false),
    ];
    let long = "Ж".repeat(60);
    for (damage, kept) in damages {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("agents.sqlite3");
        let test = test_in(folder.path());
        schedule(&test).await;
        for name in ["b", "Größe/1", &long] {
            let worker = test.get::<Worker>(name).unwrap();
            let write = |_, cx: Context<Worker>| async move { cx.update_state(|runs| *runs = 7) };
            worker.run(write).await.unwrap().unwrap();
        }
        let names = test.agents().list("worker", None, 9).unwrap();
        assert_eq!(names, ["Größe/1", "a", "b", &long]);
        test.agents().shutdown(SECOND).await;
        drop(test);
        damage(&index);

        let test = test_in(folder.path());
        assert_eq!(test.agents().list("worker", None, 9).unwrap(), names);
        assert_eq!(test.agents().list_scheduled("worker", None, 9).unwrap(), ["a"]);
        test.advance(10 * SECOND).await.unwrap();
        assert_eq!((runs(&test).await, history(&test).await), ((1, 1), vec![RunStatus::Succeeded]));
        let files = fs::read_dir(folder.path()).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let aside = files.filter(|name| name.starts_with("agents.sqlite3.damaged-")).count();
        assert_eq!(aside, usize::from(kept));
        test.agents().shutdown(SECOND).await;
        drop(test);

        // What was made anew stays, and nothing is left of what is destroyed.
        let test = test_in(folder.path());
        assert_eq!(test.agents().list("worker", None, 9).unwrap(), names);
        for name in names {
            test.get::<Worker>(&name).unwrap().destroy().await.unwrap();
        }
        assert_eq!(fs::read_dir(folder.path().join("agents/worker")).unwrap().count(), 0);
    }
}
