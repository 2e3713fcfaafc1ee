//! The program that makes the load, and the servers it is put on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{median, server::Server};
use crate::{
    build::NATIVE,
    process::{self, cargo},
    progress::step,
    source_files::files_below,
    workspace::Workspace,
};

/// Open files that the largest scenario needs in one process.
const OPEN_FILES: u64 = 8_000;

/// Which server a load is put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// WebSockets without agents.
    Bare,
    /// The host of the tests' agents, which is built on the SDK only.
    Agents,
}

/// Both servers and the load, built and ready to start.
pub(super) struct Load {
    load: PathBuf,
    host: PathBuf,
    data: PathBuf,
    /// Flags that make instances fall asleep sooner, where the host has them.
    idle: &'static [&'static str],
    /// How long instances may take to fall asleep, in seconds.
    settle: &'static str,
}

/// What one scenario measured in each round.
pub(super) struct Series(Vec<Value>);

impl Load {
    /// Builds servers and load, and raises the limit of open files, which the servers inherit.
    pub(super) fn prepare(workspace: &Workspace) -> Result<Self> {
        step("servers and load", || {
            process::run(
                // Of the whole workspace, so that dependencies are those of all other builds.
                cargo(workspace.root()).args(["build", "--release"]).args(NATIVE).args([
                    "--bin",
                    "domovoi-load",
                    "--bin",
                    "domovoi-test-host",
                ]),
            )
        })?;
        let limit =
            rlimit::increase_nofile_limit(u64::MAX).context("raising the limit of open files")?;
        ensure!(
            limit >= OPEN_FILES,
            "thousands of sockets need {OPEN_FILES} open files and the hard limit is {limit}: \
             raise it (`ulimit -Hn {OPEN_FILES}` as root) and start again"
        );
        let host = workspace.binary("domovoi-test-host");
        let can_doze = process::read(Command::new(&host).arg("--help"))?.contains("--idle-seconds");
        let (idle, settle): (&[_], _) =
            if can_doze { (&["--idle-seconds", "1"], "3") } else { (&[], "12") };
        let data = workspace.scratch().join("bench-agents");
        Ok(Self { load: workspace.binary("domovoi-load"), host, data, idle, settle })
    }

    /// How long instances may take to fall asleep, in seconds.
    pub(super) fn settle(&self) -> &str {
        self.settle
    }

    /// Runs scenarios, given with their flags, one after the other and that `rounds` times, so
    /// that a slow minute hits all of them.
    pub(super) fn turns<const N: usize>(
        &self,
        rounds: usize,
        scenarios: [(Kind, &str); N],
    ) -> Result<[Series; N]> {
        let mut series = std::array::from_fn(|_| Series(vec![]));
        for _ in 0..rounds {
            for (series, (kind, scenario)) in series.iter_mut().zip(scenarios) {
                series.0.push(self.measure(kind, scenario)?);
            }
        }
        Ok(series)
    }

    /// Runs a scenario once, on a server and a data folder that are new.
    fn measure(&self, kind: Kind, scenario: &str) -> Result<Value> {
        if self.data.exists() {
            fs::remove_dir_all(&self.data)?;
        }
        fs::create_dir_all(&self.data)?;
        let server = self.start(kind)?;
        let mut load = Command::new(&self.load);
        load.arg("run").args(scenario.split_whitespace()).args([
            "--target",
            server.address(),
            "--pid",
            &server.pid().to_string(),
        ]);
        if kind == Kind::Bare {
            load.arg("--bare");
        }
        let mut measured = process::read_json(&mut load)?;
        server.stop()?;
        measured["files"] = files_below(&self.data, &[])?.len().into();
        Ok(measured)
    }

    fn start(&self, kind: Kind) -> Result<Server> {
        match kind {
            Kind::Bare => Server::start(Command::new(&self.load).arg("bare")),
            Kind::Agents => Server::start(
                Command::new(&self.host)
                    .args(["--listen", "127.0.0.1:0", "--data-dir"])
                    .arg(&self.data)
                    .args(self.idle),
            ),
        }
    }
}

impl Series {
    /// The median of a value; of a nested one with `/` between the keys.
    pub(super) fn median(&self, key: &str) -> Result<f64> {
        let values: Result<Vec<_>> = self.0.iter().map(|measured| number(measured, key)).collect();
        values.map(median)
    }

    /// The median of the rounds' ratios to another series.
    pub(super) fn ratio(&self, other: &Self, key: &str) -> Result<f64> {
        let pairs = self.0.iter().zip(&other.0);
        let ratios: Result<Vec<_>> =
            pairs.map(|(one, other)| Ok(number(one, key)? / number(other, key)?)).collect();
        ratios.map(median)
    }

    /// Why the scenario was left out, where it was.
    pub(super) fn skipped(&self) -> Option<&str> {
        self.0.iter().find_map(|measured| measured["skipped"].as_str())
    }
}

fn number(measured: &Value, key: &str) -> Result<f64> {
    let value = measured.pointer(&format!("/{key}")).and_then(Value::as_f64);
    value.with_context(|| format!("{key} is not in {measured}"))
}

/// Removes what the servers wrote.
impl Drop for Load {
    fn drop(&mut self) {
        // The next measurement would do it.
        let _ = fs::remove_dir_all::<&Path>(&self.data);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round() {
        let series = |values: [f64; 3]| Series(values.map(|x| json!({"a": {"x": x}})).to_vec());
        let (one, other) = (series([2.0, 30.0, 9.0]), series([1.0, 10.0, 2.0]));
        assert_eq!(one.ratio(&other, "a/x").unwrap(), 3.0);
        assert_eq!(one.median("a/x").unwrap(), 9.0);
        assert!(one.median("b").is_err());
    }
}
