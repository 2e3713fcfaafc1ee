//! The server under test: where it is, what it has used.

use std::{collections::BTreeMap, fs, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use clap::Args;

/// Which server to measure.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The server's address
    #[arg(long)]
    pub(crate) target: SocketAddr,
    /// The server's process, whose use of processor and memory is read
    #[arg(long)]
    pub(crate) pid: u32,
}

/// Processor time a process has used so far.
pub(crate) struct Cpu {
    /// Nanoseconds of each thread that lives.
    threads: BTreeMap<u32, u64>,
    /// All threads, the ended ones too, in [`TICK`]s.
    ticks: u64,
}

/// Linux counts in hundredths of a second here, whatever its timer does.
const TICK: Duration = Duration::from_millis(10);

impl Server {
    /// What the server has used so far.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        let mut threads = BTreeMap::new();
        let folder = format!("/proc/{}/task", self.pid);
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {folder}"))? {
            let path = entry?.path();
            // A thread may end while we look.
            let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
            let id = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
            let used = text.split(' ').next().and_then(|used| used.parse::<u64>().ok());
            threads.extend(id.zip(used));
        }
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        let ticks = ticks(&stat).context("/proc/PID/stat is not as expected")?;
        Ok(Cpu { threads, ticks })
    }

    /// What the server has used since `before`.
    pub(crate) fn cpu_since(&self, before: &Cpu) -> Result<Duration> {
        Ok(self.cpu()?.since(before))
    }

    /// Memory of the server that is in RAM, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kilobytes.context("/proc/PID/status has no VmRSS")? * 1024)
    }

    /// Its memory once instances sleep and it no longer changes. `settle` is how long they take
    /// to fall asleep.
    pub(crate) async fn resident_bytes_at_rest(&self, settle: Duration) -> Result<u64> {
        const LOOKS: usize = 20;
        const PAUSE: Duration = Duration::from_millis(500);
        tokio::time::sleep(settle).await;
        let mut bytes = self.resident_bytes()?;
        for _ in 0..LOOKS {
            tokio::time::sleep(PAUSE).await;
            let before = std::mem::replace(&mut bytes, self.resident_bytes()?);
            if before.abs_diff(bytes) <= before / 1000 {
                break;
            }
        }
        Ok(bytes)
    }
}

impl Cpu {
    fn since(&self, before: &Self) -> Duration {
        // Nanoseconds go with their thread; then the coarse count has to do.
        if before.threads.keys().any(|id| !self.threads.contains_key(id)) {
            return TICK * u32::try_from(self.ticks - before.ticks).unwrap_or(u32::MAX);
        }
        let sum = |cpu: &Self| cpu.threads.values().sum::<u64>();
        Duration::from_nanos(sum(self).saturating_sub(sum(before)))
    }
}

/// User and system time from `/proc/PID/stat`, whose second field is a name in parentheses that
/// may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_process_with_an_odd_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 3 0 5 6 7";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7"), None);
    }

    #[test]
    fn an_ended_thread_is_counted_coarsely() {
        let cpu = |threads: &[(u32, u64)], ticks| Cpu {
            threads: threads.iter().copied().collect(),
            ticks,
        };
        let before = cpu(&[(1, 100), (2, 50)], 10);
        assert_eq!(cpu(&[(1, 150), (2, 60), (3, 7)], 99).since(&before), Duration::from_nanos(67));
        assert_eq!(cpu(&[(1, 150)], 12).since(&before), Duration::from_millis(20));
    }
}
