//! What an archive says of itself.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, digest::Output};

/// The manifest's name in the archive; it is the last entry, so an archive without it was cut off.
pub(super) const NAME: &str = "manifest.json";

/// The way of writing backups that this version knows.
pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// How the archive is written.
    pub(super) format: u32,
    /// The version that wrote it.
    pub(super) version: String,
    /// When, as in RFC 3339.
    pub(super) created_at: String,
    pub(super) files: Vec<Entry>,
}

/// One file of the data folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its path below the data folder, with `/` between the names.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// In hexadecimal.
    pub(super) sha256: String,
    /// It was damaged already, and is here as it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) damaged: bool,
}

/// A hash in hexadecimal.
pub(super) fn hex(hash: Output<Sha256>) -> String {
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Counts and hashes what is written through it.
pub(super) struct Hashing<W> {
    inner: W,
    bytes: u64,
    hash: Sha256,
}

impl<W> Hashing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, bytes: 0, hash: Sha256::new() }
    }

    /// Bytes and hash of everything that was written.
    pub(super) fn finish(self) -> (u64, String) {
        (self.bytes, hex(self.hash.finalize()))
    }
}

impl<W: std::io::Write> std::io::Write for Hashing<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(data)?;
        self.bytes += written as u64;
        self.hash.update(&data[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
