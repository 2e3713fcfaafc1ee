//! The child: starting it, lines in and out.

use std::io;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::WorkerCommand;
use crate::worker::protocol::{Order, Report};

/// The child is gone.
#[derive(Debug, thiserror::Error)]
#[error("the model's process ended ({0})")]
pub(super) struct Died(String);

/// A running child. Dropping it kills it.
pub(super) struct Worker {
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    pub(super) fn spawn(command: &WorkerCommand) -> io::Result<Self> {
        let mut child = Command::new(&command.program);
        // Ctrl-C in a terminal is for the parent, which may want to let an answer end.
        #[cfg(unix)]
        child.process_group(0);
        let mut child = child
            .args(&command.args)
            // On a failed assertion ggml would call a debugger for a backtrace.
            .env("GGML_NO_BACKTRACE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("the child has no pipe");
        let orders = child.stdin.take().ok_or_else(missing)?;
        let reports = child.stdout.take().ok_or_else(missing)?;
        let complaints = child.stderr.take().ok_or_else(missing)?;
        tokio::spawn(log_complaints(complaints));
        Ok(Self { child, orders, reports: BufReader::new(reports).lines() })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) async fn send(&mut self, order: &Order) -> Result<(), Died> {
        let mut line = serde_json::to_vec(order).map_err(|error| Died(error.to_string()))?;
        line.push(b'\n');
        match self.orders.write_all(&line).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.died().await),
        }
    }

    /// The next report. May be dropped while it waits and called again.
    pub(super) async fn report(&mut self) -> Result<Report, Died> {
        loop {
            let Ok(Some(line)) = self.reports.next_line().await else {
                return Err(self.died().await);
            };
            match serde_json::from_str(&line) {
                Ok(report) => return Ok(report),
                Err(error) => tracing::warn!(%error, "the model's process wrote an unknown line"),
            }
        }
    }

    /// Ends a child that does not answer any more.
    pub(super) async fn kill(&mut self, reason: &str) -> Died {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "cannot kill the model's process");
        }
        Died(reason.to_owned())
    }

    /// A pipe is closed, so the child ends or is of no use any more.
    async fn died(&mut self) -> Died {
        // An exit status is there already where the child died by itself; else this makes one.
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            tokio::task::yield_now().await;
            let _ = self.child.start_kill();
        }
        match self.child.wait().await {
            Ok(status) => Died(status.to_string()),
            Err(error) => Died(error.to_string()),
        }
    }
}

/// llama.cpp says why it aborts on stderr: assertions, never text of a conversation.
async fn log_complaints(complaints: ChildStderr) {
    let mut lines = BufReader::new(complaints).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::warn!(line, "the model's process complains");
    }
}
