//! A server of its own for a measurement.

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

/// A running server that said where it listens; dropped, it is killed.
pub(super) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server and reads the line `listening on ADDRESS`.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", process::display(command)))?;
        let output = child.stdout.take();
        let mut server = Self { child, address: String::new() };
        let mut line = String::new();
        BufReader::new(output.context("the server has no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ");
        let address = address.context("the server did not say where it listens")?;
        server.address = address.strip_prefix("http://").unwrap_or(address).to_owned();
        Ok(server)
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
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

/// The running application.
pub(super) struct App {
    server: Server,
    /// From starting the process to the last byte of the first page.
    pub(super) first_page: Duration,
}

impl App {
    /// Starts the application on any free port and fetches its first page.
    pub(super) fn start(binary: &Path, data: &Path, model: &str) -> Result<Self> {
        let begin = Instant::now();
        let server = Server::start(
            Command::new(binary)
                .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
                .arg(data)
                .current_dir(data)
                .env("DOMOVOI_WEIGHTS", model)
                .env("DOMOVOI_THREADS", threads().to_string())
                .env("DOMOVOI_LOG", "error"),
        )?;
        fetch_page(&server.address)?;
        Ok(Self { server, first_page: begin.elapsed() })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        self.server.address()
    }

    /// Memory of the server's process that is in RAM, in bytes, where the system tells.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    }

    /// Ends the application in good order.
    pub(super) fn stop(self) -> Result<()> {
        self.server.stop()
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
