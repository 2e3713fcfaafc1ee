//! Compressed copies beside each asset, made once and served as they are.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// How much work a build may spend on size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// No copies at all: for a rebuild somebody waits for.
    None,
    /// Brotli at its best, and gzip for clients without it.
    Best,
}

/// Writes `FILE.br` and `FILE.gz` where they are smaller than the file itself, and returns
/// the copies that are there now. Names carry a content hash, so a copy that exists is right.
pub(crate) fn beside(path: &Path, bytes: &[u8], effort: Effort) -> Result<Vec<PathBuf>> {
    let mut copies = Vec::new();
    for (extension, encode) in [("br", brotli as fn(&[u8]) -> Result<Vec<u8>>), ("gz", gzip)] {
        let copy = append_extension(path, extension);
        if !copy.exists() {
            if effort == Effort::None {
                continue;
            }
            let encoded = encode(bytes)?;
            if encoded.len() >= bytes.len() {
                continue;
            }
            fs::write(&copy, encoded).with_context(|| format!("writing {}", copy.display()))?;
        }
        copies.push(copy);
    }
    Ok(copies)
}

fn append_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut encoded = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut encoded, &parameters).context("brotli")?;
    Ok(encoded)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).context("gzip")?;
    encoder.finish().context("gzip")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Effort, beside};

    #[test]
    fn copies_only_where_they_are_smaller() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = folder.path().join("long.css");
        let short = folder.path().join("short.css");
        let text = b"body { margin: 0 }\n".repeat(100);
        assert_eq!(beside(&long, &text, Effort::None).expect("nothing").len(), 0);
        let copies = beside(&long, &text, Effort::Best).expect("two copies");
        assert_eq!(copies, [folder.path().join("long.css.br"), folder.path().join("long.css.gz")]);
        assert!(copies.iter().all(|copy| fs::metadata(copy).expect("a file").len() < 200));
        assert_eq!(beside(&short, b"a", Effort::Best).expect("none").len(), 0);
    }
}
