//! What an instance's own operations cost, without a socket: its state, its database, a call of
//! this process.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on may stop")]

use std::{
    future::Future,
    time::{Duration, Instant},
};

use criterion::Criterion;
use domovoi_agents::{AgentHandle, prelude::*};
use tokio::runtime::Runtime;

#[derive(Default, Clone, Serialize, Deserialize)]
struct CounterState {
    counter: i64,
}

#[derive(Default)]
struct Counter;

#[agent(state = CounterState)]
impl Counter {
    #[callable]
    fn counter(&self, cx: &Context<Self>) -> i64 {
        cx.state().counter
    }
}

/// Times `work` on the instance's own task.
fn on_the_instance<F>(
    runtime: &Runtime,
    counter: &AgentHandle<Counter>,
    work: impl FnOnce(Context<Counter>) -> F + Send + 'static,
) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let timed = counter.run(|_, cx| async move {
        let begin = Instant::now();
        work(cx).await;
        begin.elapsed()
    });
    runtime.block_on(timed).unwrap()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let _inside = runtime.enter();
    let agents =
        Agents::builder(AgentsConfig::new(folder.path())).agent::<Counter>().build().unwrap();
    let counter = agents.get::<Counter>("bench").unwrap();

    criterion.bench_function("set a state", |bencher| {
        bencher.iter_custom(|times| {
            on_the_instance(&runtime, &counter, move |cx| async move {
                for _ in 0..times {
                    cx.update_state(|state| state.counter += 1).unwrap();
                    // As after a call: what hears of the new state runs in between.
                    tokio::task::yield_now().await;
                }
            })
        });
    });
    criterion.bench_function("insert a row", |bencher| {
        bencher.iter_custom(|times| {
            on_the_instance(&runtime, &counter, move |cx| async move {
                let sql = cx.sql();
                sql.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER, text TEXT)", [])
                    .unwrap();
                for number in 0..times {
                    let number = i64::try_from(number).unwrap();
                    sql.execute("INSERT INTO rows VALUES (?1, ?2)", (number, "hello")).unwrap();
                }
            })
        });
    });
    criterion.bench_function("call from this process", |bencher| {
        bencher.iter(|| runtime.block_on(counter.counter()).unwrap());
    });
    criterion.final_summary();
}
