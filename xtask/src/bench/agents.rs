//! Agents under load, compared with WebSockets alone.
//!
//! What counts are ratios to the bare server, measured in turns on the same machine; times by
//! themselves say as much about the machine.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{
    Depth, curves,
    figure::{Figure, Limit},
    load::{
        Kind::{Agents, Bare},
        Load,
    },
    page::Section,
};
use crate::{progress::step, workspace::Workspace};

const ABOUT: &str = "\
Each scenario runs on servers of its own, started for it: one with agents, built on the SDK\n\
only, and a bare one that passes the same frames on without agents. They are measured in turns,\n\
and medians are taken. Processor time is the server's own, divided by the operations. The last\n\
column is the same scenario on Cloudflare's SDK under their local runtime, on two cores.";

/// What a scenario's processor time and its median are called.
pub(super) const CPU: &str = "cpu_seconds";
const P50: &str = "p50_seconds";

/// How often and how much.
pub(super) struct Amounts {
    /// Rounds of the scenarios that take seconds.
    pub(super) rounds: usize,
    /// Rounds of those that wait until instances sleep.
    pub(super) slow_rounds: usize,
    /// Instances without a socket.
    known: usize,
    /// Calls, updates and first connections are this many times fewer.
    divisor: usize,
}

impl Amounts {
    fn of(depth: Depth) -> Self {
        match depth {
            Depth::Full => Self { rounds: 5, slow_rounds: 3, known: 1_000_000, divisor: 1 },
            Depth::Quick => Self { rounds: 1, slow_rounds: 1, known: 50_000, divisor: 4 },
        }
    }

    /// A number of operations.
    pub(super) fn operations(&self, full: usize) -> usize {
        full / self.divisor
    }
}

/// Fails where processor time and memory of another process cannot be read.
pub(super) fn check() -> Result<()> {
    ensure!(
        Path::new("/proc/self/schedstat").exists(),
        "agents under load are measured on Linux only; `cargo xtask bench app` measures the rest"
    );
    Ok(())
}

/// Builds the servers and the load, and measures.
pub(super) fn measure(workspace: &Workspace, depth: Depth) -> Result<Section> {
    let load = Load::prepare(workspace)?;
    let amounts = Amounts::of(depth);
    let mut figures = vec![];
    let mut table = None;
    // One scenario that fails leaves the others' figures.
    let mut failed = 0;
    let mut measure = |name: &str, scenarios: &mut dyn FnMut(&mut Vec<Figure>) -> Result<()>| {
        if let Err(error) = step(name, || scenarios(&mut figures)) {
            eprintln!("error: {name}: {error:#}");
            failed += 1;
        }
    };
    measure("calls", &mut |figures| calls(&load, &amounts, figures));
    measure("fan-out", &mut |figures| fan_out(&load, &amounts, figures));
    measure("first connections", &mut |figures| starts(&load, &amounts, figures));
    measure("sleeping instances", &mut |figures| asleep(&load, figures));
    measure("known instances", &mut |figures| known(&load, &amounts, figures));
    measure("wakes", &mut |figures| wakes(&load, &amounts, figures));
    measure("alarms", &mut |figures| alarms(&load, &amounts, figures));
    measure("ten times the instances", &mut |figures| {
        table = Some((curves::ABOUT, curves::measure(&load, &amounts, figures)?));
        Ok(())
    });
    Ok(Section { heading: "Agents under load", about: ABOUT, figures, curves: table, failed })
}

fn calls(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let echo = format!("calls --calls {}", amounts.operations(50_000));
    let one = format!("calls --connections 1 --calls {}", amounts.operations(10_000));
    let increment = format!("calls --method increment --calls {}", amounts.operations(20_000));
    let [bare, agents, bare_one, one, bare_increment, increment] = load.turns(
        amounts.rounds,
        [
            (Bare, &echo),
            (Agents, &echo),
            (Bare, &one),
            (Agents, &one),
            (Bare, &increment),
            (Agents, &increment),
        ],
    )?;
    figures.extend([
        Figure::new("bare_cpu", "bare echo: processor time", bare.median(CPU)?, "s"),
        Figure::new("echo_cpu", "echo call: processor time", agents.median(CPU)?, "s")
            .peer("80-94 µs"),
        Figure::new(
            "echo_cpu_to_bare",
            "the same as a multiple of the bare server's",
            agents.ratio(&bare, CPU)?,
            "",
        )
        .limit(Limit::AtMost(2.0)),
        Figure::new("echo_p50", "echo call, one at a time: median", one.median(P50)?, "s")
            .peer("170 µs"),
        Figure::new(
            "echo_p50_to_bare",
            "the same as a multiple of the bare server's",
            one.ratio(&bare_one, P50)?,
            "",
        )
        .limit(Limit::AtMost(1.5)),
        Figure::new(
            "increment_cpu",
            "increment call, state kept and sent: processor time",
            increment.median(CPU)?,
            "s",
        )
        .peer("205-320 µs"),
        Figure::new(
            "increment_cpu_to_bare",
            "the same as a multiple of the bare echo's",
            increment.ratio(&bare_increment, CPU)?,
            "",
        )
        .limit(Limit::AtMost(5.0)),
    ]);
    Ok(())
}

fn fan_out(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let scenario = format!("fan-out --updates {}", amounts.operations(1_000));
    let [bare, agents] = load.turns(amounts.rounds, [(Bare, &scenario), (Agents, &scenario)])?;
    figures.extend([
        Figure::new(
            "fan_out_cpu",
            "state update seen by 100 subscribers: processor time",
            agents.median(CPU)?,
            "s",
        )
        .peer("2.2-3.0 ms"),
        Figure::new(
            "fan_out_cpu_to_bare",
            "the same as a multiple of the bare server's",
            agents.ratio(&bare, CPU)?,
            "",
        )
        .limit(Limit::AtMost(1.3)),
    ]);
    Ok(())
}

fn starts(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let one = format!("starts --starts {}", amounts.operations(2_000));
    let many = format!("starts --at-once 32 --starts {}", amounts.operations(6_000));
    let [bare, one, many] =
        load.turns(amounts.rounds, [(Bare, &one), (Agents, &one), (Agents, &many)])?;
    figures.extend([
        Figure::new(
            "start_p50",
            "first connection to a new instance until its state: median",
            one.median(P50)?,
            "s",
        )
        .limit(Limit::AtMost(0.6e-3))
        .peer("5.3-9 ms"),
        Figure::new("start_cpu", "the same: processor time", one.median(CPU)?, "s")
            .limit(Limit::AtMost(0.4e-3)),
        Figure::new(
            "start_bare_cpu",
            "bare connection until its greeting: processor time",
            bare.median(CPU)?,
            "s",
        ),
        Figure::new(
            "starts",
            "first connections to new instances, 32 at a time",
            many.median("per_second")?,
            "/s",
        )
        .limit(Limit::AtLeast(3_000.0))
        .peer("130-210 a second"),
    ]);
    Ok(())
}

fn asleep(load: &Load, figures: &mut Vec<Figure>) -> Result<()> {
    let scenario = format!("asleep --settle {}", load.settle());
    let written = format!("asleep --instances 1000 --written --settle {}", load.settle());
    let [bare, agents, written] =
        load.turns(1, [(Bare, "asleep --settle 1"), (Agents, &scenario), (Agents, &written)])?;
    figures.extend([
        Figure::new(
            "asleep_1000",
            "memory of a sleeping instance with an open socket, of 1,000",
            agents.median("bytes_each/1000")?,
            "bytes",
        )
        .limit(Limit::AtMost(12e3))
        .peer("176-632 kB"),
        Figure::new(
            "asleep_5000",
            "the same, of 5,000",
            agents.median("bytes_each/5000")?,
            "bytes",
        )
        .limit(Limit::AtMost(12e3)),
        Figure::new(
            "asleep_written",
            "the same where each has a file, of 1,000",
            written.median("bytes_each/1000")?,
            "bytes",
        ),
        Figure::new(
            "asleep_bare",
            "memory of a bare connection, of 5,000",
            bare.median("bytes_each/5000")?,
            "bytes",
        ),
    ]);
    Ok(())
}

fn known(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let scenario = format!("known --instances {} --settle {}", amounts.known, load.settle());
    let [known] = load.turns(1, [(Agents, &scenario)])?;
    figures.extend([
        Figure::new(
            "known",
            "memory of an instance that was used once, of a million",
            known.median("bytes_each")?,
            "bytes",
        )
        .limit(Limit::AtMost(100.0)),
        Figure::new(
            "known_files",
            "files on disk, of all of them",
            known.median("files")?,
            "files",
        )
        .limit(Limit::AtMost(10.0)),
    ]);
    Ok(())
}

fn wakes(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    let wake = format!("wake --settle {}", load.settle());
    let written = format!("wake --written --settle {}", load.settle());
    let [wake, written] = load.turns(amounts.slow_rounds, [(Agents, &wake), (Agents, &written)])?;
    figures.extend([
        Figure::new(
            "wake_p50",
            "frame to a sleeping instance until its answer: median",
            wake.median(P50)?,
            "s",
        )
        .limit(Limit::AtMost(0.5e-3))
        .peer("1.6-2.4 ms"),
        Figure::new(
            "wake_written_p50",
            "the same where it reads its state from its file",
            written.median(P50)?,
            "s",
        ),
    ]);
    Ok(())
}

fn alarms(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<()> {
    // Setting 50,000 alarms takes a while, and none may be due before all are set.
    let at_once = "alarms --instances 5000 --each 10 --ahead 120 --spread 0";
    let [spread] = load.turns(amounts.slow_rounds, [(Agents, "alarms")])?;
    if let Some(reason) = spread.skipped() {
        eprintln!("    left out: {reason}");
        return Ok(());
    }
    let [at_once] = load.turns(1, [(Agents, at_once)])?;
    figures.extend([
        Figure::new(
            "alarm_p99",
            "lateness of 200 alarms due within a second, 99 of 100",
            spread.median("p99_seconds")?,
            "s",
        )
        .limit(Limit::AtMost(10e-3))
        .peer("197-307 ms"),
        Figure::new(
            "alarms_at_once",
            "50,000 alarms due at once, until the last has run",
            at_once.median("all_run_seconds")?,
            "s",
        )
        .limit(Limit::AtMost(15.0)),
    ]);
    Ok(())
}
