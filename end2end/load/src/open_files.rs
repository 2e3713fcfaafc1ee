//! The limit of open files: thousands of sockets need it raised.

use anyhow::{Context, Result, ensure};

/// Files besides the sockets: standard streams, the runtime's own.
const OTHERS: usize = 64;

/// Raises this process's limit so that it can hold `sockets`.
pub(crate) fn allow(sockets: usize) -> Result<()> {
    let wanted = (sockets + OTHERS) as u64;
    let limit = rlimit::increase_nofile_limit(wanted).context("raising the limit of open files")?;
    ensure!(
        limit >= wanted,
        "{sockets} sockets need {wanted} open files and the hard limit is {limit}: \
         raise it (`ulimit -Hn {wanted}` as root) and start again"
    );
    Ok(())
}

/// Raises this process's limit as far as it may.
pub(crate) fn allow_all() -> Result<()> {
    rlimit::increase_nofile_limit(u64::MAX).context("raising the limit of open files").map(drop)
}
