//! What must cost the same with ten times the instances.

use anyhow::Result;

use super::{
    agents::{Amounts, CPU},
    figure::{Figure, Limit, amount, markdown},
    load::{Kind::Agents, Load},
};

pub(super) const ABOUT: &str = "\
The server's processor time for one operation, by how many instances there are, all with an open\n\
connection. 64 calls are in flight.";

/// Ten times the instances may cost so much more.
const LIMIT: Limit = Limit::AtMost(1.3);

/// An operation, with few instances and with many.
struct Curve {
    name: &'static str,
    operation: &'static str,
    what: &'static str,
    instances: [usize; 2],
    /// The scenario, for a number of instances.
    scenario: Box<dyn Fn(usize) -> String>,
    rounds: usize,
}

/// Measures all curves and answers them as a table.
pub(super) fn measure(load: &Load, amounts: &Amounts, figures: &mut Vec<Figure>) -> Result<String> {
    let mut rows = vec![];
    for curve in curves(load, amounts) {
        let [few, many] = curve.instances.map(&curve.scenario);
        let [few, many] = load.turns(curve.rounds, [(Agents, &few), (Agents, &many)])?;
        let ratio = many.ratio(&few, CPU)?;
        figures.push(Figure::new(curve.name, curve.what, ratio, "").limit(LIMIT));
        let cell = |cpu, instances| format!("{} at {instances}", amount(cpu, "s"));
        rows.push(vec![
            curve.operation.to_owned(),
            cell(few.median(CPU)?, curve.instances[0]),
            cell(many.median(CPU)?, curve.instances[1]),
            amount(ratio, ""),
        ]);
    }
    Ok(markdown(&["operation", "few instances", "ten times as many", "ratio"], rows.into_iter()))
}

fn curves(load: &Load, amounts: &Amounts) -> [Curve; 4] {
    let calls = |method: &'static str, calls| {
        let calls = amounts.operations(calls);
        Box::new(move |instances| {
            format!("calls --method {method} --connections {instances} --calls {calls}")
        })
    };
    let starts = amounts.operations(1_000);
    let settle = load.settle().to_owned();
    [
        Curve {
            name: "scale_echo",
            operation: "echo call",
            what: "echo call at ten times the instances: processor time, as a multiple",
            instances: [64, 640],
            scenario: calls("echo", 50_000),
            rounds: amounts.rounds,
        },
        Curve {
            name: "scale_increment",
            operation: "increment call",
            what: "increment call, the same",
            instances: [64, 640],
            scenario: calls("increment", 20_000),
            rounds: amounts.rounds,
        },
        Curve {
            name: "scale_start",
            operation: "first connection",
            what: "first connection, the same",
            instances: [500, 5_000],
            scenario: Box::new(move |instances| {
                format!("starts --standing {instances} --starts {starts}")
            }),
            rounds: amounts.rounds,
        },
        Curve {
            name: "scale_wake",
            operation: "wake",
            what: "frame to a sleeping instance, the same",
            instances: [500, 5_000],
            scenario: Box::new(move |instances| {
                format!("wake --instances {instances} --wakes 500 --settle {settle}")
            }),
            rounds: amounts.slow_rounds,
        },
    ]
}
