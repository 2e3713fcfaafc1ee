//! A server of its own for the measurement.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::process;

/// A server that takes longer than this for anything is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; dropped, it is killed.
pub(super) struct Server {
    child: Child,
    /// Host and port.
    pub(super) address: String,
    /// From starting the process to the last byte of the first page.
    pub(super) first_page: Duration,
}

impl Server {
    /// Starts a server on any free port and fetches its first page.
    pub(super) fn start(binary: &Path, data: &Path, model: &str) -> Result<Self> {
        let begin = Instant::now();
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .current_dir(data)
            .env("DOMOVOI_WEIGHTS", model)
            .env("DOMOVOI_THREADS", threads().to_string())
            .env("DOMOVOI_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let output = child.stdout.take();
        let mut server = Self { child, address: String::new(), first_page: Duration::ZERO };
        let mut line = String::new();
        BufReader::new(output.context("the server has no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://");
        server.address = address.context("the server did not say where it listens")?.to_owned();
        fetch_page(&server.address)?;
        server.first_page = begin.elapsed();
        Ok(server)
    }

    /// Memory of the server's process that is in RAM, in bytes, where the system tells.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    }

    /// Ends the server in good order.
    pub(super) fn stop(mut self) -> Result<()> {
        process::stop(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Threads of the model, alone and in the server: the server's own default.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() - 1).max(1))
}

fn fetch_page(address: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address).context("connecting to the server")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    ensure!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("</html>"),
        "the first page is not whole: {page}"
    );
    Ok(())
}
