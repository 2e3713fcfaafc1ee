//! States that were set a moment ago, in one log for all instances.
//!
//! A state is a row in its instance's file, and writing a row takes a transaction: pages of that file,
//! of its log, locks. Where many instances change, little of that is in the processor's caches. So a
//! state that takes the place of another goes to the end of one log, where it is as durable as in the
//! file, and a moment later into the file, once for however often it was set (`write_back`).
//!
//! Whatever else is done with a file, the state goes into it first ([`Database`]). So a file is always as
//! its instance was at one moment, and the log has nothing but states that came next.
//!
//! The log is segments, `states-N.log` in the data folder, with a record of JSON in each line. One begins
//! when a state is set and nothing waits, and is deleted when all of its states are in their files.
//! What a process has left behind is read at the next start.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Weak, mpsc::Sender},
    time::{SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Database, if_there, write_back::Job};
use crate::{AgentError, InstanceId};

/// Largest state that goes through the log, in bytes. A larger one costs so much that a transaction
/// adds little.
pub(super) const MAX_BYTES: usize = 16 << 10;

#[derive(Debug)]
pub(crate) struct StateLog {
    data_dir: PathBuf,
    log: Mutex<Log>,
    /// Who writes states back.
    pub(super) jobs: Sender<Job>,
}

#[derive(Debug, Default)]
struct Log {
    /// The newest segment, while it is written to.
    file: Option<File>,
    /// Numbers of the segments that are there.
    segments: BTreeSet<u64>,
    /// Number of the newest segment there ever was.
    newest: u64,
    waiting: HashMap<Arc<InstanceId>, Waiting>,
    /// Room for a line.
    line: Vec<u8>,
}

/// The state of an instance that is not in its file yet.
#[derive(Debug, Default)]
struct Waiting {
    json: String,
    at: i64,
    segment: u64,
    database: Weak<Database>,
}

/// A state, and when it was set, in microseconds since 1970. Of two of an instance the later one
/// counts, whatever the clock did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dated {
    pub(super) json: String,
    pub(super) at: i64,
}

/// A line of the log.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    agent: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    at: i64,
    #[serde(borrow)]
    state: &'a RawValue,
}

impl StateLog {
    /// Reads what an earlier process has left behind.
    pub(super) fn open(data_dir: &Path, jobs: Sender<Job>) -> Result<Self, AgentError> {
        let mut log = Log::default();
        for (number, path) in segments(data_dir)? {
            let bytes = fs::read(&path).map_err(|source| AgentError::DataDir { path, source })?;
            log.read(number, &bytes);
        }
        if !log.segments.is_empty() {
            tracing::info!(states = log.waiting.len(), "the last process left states in their log");
            let _ = jobs.send(Job::Changed);
        }
        Ok(Self { data_dir: data_dir.to_owned(), log: Mutex::new(log), jobs })
    }

    /// Makes a state durable that takes the place of one set at `after`; answers when it was set.
    pub(super) fn append(
        &self,
        id: &Arc<InstanceId>,
        database: &Arc<Database>,
        json: &str,
        after: i64,
    ) -> io::Result<i64> {
        let at = later_than(after);
        let log = &mut *self.log.lock();
        if log.file.is_none() {
            self.begin_segment(log)?;
        }
        log.line.clear();
        log.line.extend_from_slice(br#"{"agent":"#);
        serde_json::to_writer(&mut log.line, id.agent())?;
        log.line.extend_from_slice(br#","key":"#);
        serde_json::to_writer(&mut log.line, &id.key())?;
        writeln!(log.line, r#","at":{at},"state":{json}}}"#)?;
        if let Some(file) = &mut log.file
            && let Err(error) = file.write_all(&log.line)
        {
            // Half a line may be there, and nothing may follow it.
            log.file = None;
            return Err(error);
        }
        let waiting = match log.waiting.get_mut(id) {
            Some(waiting) => waiting,
            None => log.waiting.entry(Arc::clone(id)).or_default(),
        };
        waiting.json.clear();
        waiting.json.push_str(json);
        waiting.at = at;
        waiting.segment = log.newest;
        if waiting.database.as_ptr() != Arc::as_ptr(database) {
            waiting.database = Arc::downgrade(database);
        }
        Ok(at)
    }

    fn begin_segment(&self, log: &mut Log) -> io::Result<()> {
        let number = log.newest + 1;
        let path = segment(&self.data_dir, number);
        log.file = Some(File::options().append(true).create_new(true).open(path)?);
        log.newest = number;
        log.segments.insert(number);
        // The thread ends with this value.
        let _ = self.jobs.send(Job::Changed);
        Ok(())
    }

    /// The state of an instance that is not in its file yet.
    pub(super) fn waiting(&self, id: &InstanceId) -> Option<Dated> {
        let log = self.log.lock();
        log.waiting.get(id).map(|it| Dated { json: it.json.clone(), at: it.at })
    }

    /// The database of an instance whose state waits, where it is in memory.
    pub(super) fn database(&self, id: &InstanceId) -> Option<Arc<Database>> {
        self.log.lock().waiting.get(id).and_then(|waiting| waiting.database.upgrade())
    }

    /// Nothing set up to `at` waits any more.
    pub(super) fn written(&self, id: &InstanceId, at: i64) {
        let mut log = self.log.lock();
        if log.waiting.get(id).is_some_and(|waiting| waiting.at <= at) {
            log.waiting.remove(id);
        }
    }

    /// The instance is destroyed.
    pub(super) fn forget(&self, id: &InstanceId) {
        self.log.lock().waiting.remove(id);
    }

    /// Ends the segment, so that what is set from now on goes into the next one; answers whose states
    /// wait.
    pub(super) fn cut(&self) -> Vec<Arc<InstanceId>> {
        let mut log = self.log.lock();
        log.file = None;
        log.waiting.keys().map(Arc::clone).collect()
    }

    /// Deletes the segments that nothing waits in; answers whether that is all but the newest.
    pub(super) fn tidy(&self) -> bool {
        let mut log = self.log.lock();
        let mut needed: BTreeSet<u64> = log.waiting.values().map(|it| it.segment).collect();
        if log.file.is_some() {
            needed.insert(log.newest);
        }
        let unneeded: Vec<u64> = log.segments.difference(&needed).copied().collect();
        for number in unneeded {
            match if_there(fs::remove_file(segment(&self.data_dir, number))) {
                Ok(()) => log.segments.remove(&number),
                Err(error) => {
                    tracing::warn!(number, %error, "a segment of the log of states cannot be deleted");
                    return false;
                }
            };
        }
        log.segments.iter().all(|number| log.file.is_some() && *number == log.newest)
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }
}

impl Log {
    fn read(&mut self, number: u64, bytes: &[u8]) {
        self.segments.insert(number);
        self.newest = self.newest.max(number);
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // A line that is not whole was never acknowledged.
            let Ok(record) = serde_json::from_slice::<Record<'_>>(line) else { continue };
            let id = InstanceId::from_key(&Arc::from(&*record.agent), &record.key);
            let waiting = self.waiting.entry(Arc::new(id)).or_default();
            if record.at > waiting.at {
                record.state.get().clone_into(&mut waiting.json);
                waiting.at = record.at;
                waiting.segment = number;
            }
        }
    }
}

/// Now, or what comes after `after` where the clock was put back.
pub(super) fn later_than(after: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX).max(after.saturating_add(1))
}

const PREFIX: &str = "states-";
const SUFFIX: &str = ".log";

fn segment(data_dir: &Path, number: u64) -> PathBuf {
    data_dir.join(format!("{PREFIX}{number}{SUFFIX}"))
}

/// The number of the segment that a file is, by its name.
pub(crate) fn segment_number(file: &Path) -> Option<u64> {
    file.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}

/// The segments in a data folder; none where there is no folder.
fn segments(data_dir: &Path) -> Result<Vec<(u64, PathBuf)>, AgentError> {
    let failed = |source| AgentError::DataDir { path: data_dir.to_owned(), source };
    let entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        found.extend(segment_number(&path).map(|number| (number, path)));
    }
    Ok(found)
}
