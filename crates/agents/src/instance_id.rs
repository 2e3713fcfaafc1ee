//! Which instance: agent type, name, and for a sub-agent the instance it belongs to.

use std::{
    fmt::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use percent_encoding::percent_decode_str;

/// The address of an instance. Displayed as in its path: `counter/main`, and for a sub-agent
/// `room/lobby/sub/counter/main`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstanceId {
    agent: Arc<str>,
    name: Arc<str>,
    parent: Option<Arc<InstanceId>>,
}

/// Between the segments of a key; no name has a control character.
const SEPARATOR: char = '\u{1f}';

impl InstanceId {
    pub(crate) fn new(agent: &Arc<str>, name: &str) -> Self {
        Self { agent: Arc::clone(agent), name: name.into(), parent: None }
    }

    pub(crate) fn sub(parent: Arc<InstanceId>, agent: &Arc<str>, name: &str) -> Self {
        Self { agent: Arc::clone(agent), name: name.into(), parent: Some(parent) }
    }

    /// The agent's type in kebab-case.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The instance's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instance this one belongs to, where it is a sub-agent.
    #[must_use]
    pub fn parent(&self) -> Option<&InstanceId> {
        self.parent.as_deref()
    }

    /// What tells this instance from all others of its agent type.
    pub(crate) fn key(&self) -> String {
        let mut key = self.parent().map(Self::children_prefix).unwrap_or_default();
        key.push_str(&self.name);
        key
    }

    /// What the keys of all sub-agents of this instance begin with, and no others do.
    pub(crate) fn children_prefix(&self) -> String {
        let mut prefix = self.parent().map(Self::children_prefix).unwrap_or_default();
        let _ = write!(prefix, "{}{SEPARATOR}{}{SEPARATOR}", self.agent, self.name);
        prefix
    }

    /// The instance of `agent` with this [key](Self::key).
    pub(crate) fn from_key(agent: &Arc<str>, key: &str) -> Self {
        let mut segments = key.split(SEPARATOR);
        let name = segments.next_back().unwrap_or_default();
        let mut parent: Option<Arc<InstanceId>> = None;
        while let (Some(agent), Some(name)) = (segments.next(), segments.next()) {
            parent = Some(Arc::new(Self { agent: agent.into(), name: name.into(), parent }));
        }
        Self { agent: Arc::clone(agent), name: name.into(), parent }
    }

    /// The instance's database below the data folder.
    pub(crate) fn file(&self, data_dir: &Path) -> PathBuf {
        self.stem(data_dir, "sqlite3")
    }

    /// The name of the instance whose file has this name, without its extension. Nothing where it was
    /// too long for a file name.
    pub(crate) fn name_of_file(stem: &str) -> Option<String> {
        let name = percent_decode_str(stem).decode_utf8().ok()?.into_owned();
        Self::is_file_of(stem, &name).then_some(name)
    }

    /// Whether the file of this name, without its extension, is that of an instance called `name`.
    pub(crate) fn is_file_of(stem: &str, name: &str) -> bool {
        file_name(name) == stem
    }

    /// Where the name stands, if it is too long for a file name.
    pub(crate) fn name_file(&self, data_dir: &Path) -> Option<PathBuf> {
        // Most names are short, and need not be written out to see that they fit.
        let fits =
            self.name.len() * 3 <= LONGEST || Self::name_of_file(&file_name(&self.name)).is_some();
        (!fits).then(|| self.stem(data_dir, "name"))
    }

    /// The folder with the databases of its sub-agents.
    pub(crate) fn children_folder(&self, data_dir: &Path) -> PathBuf {
        self.stem(data_dir, "sub")
    }

    fn stem(&self, data_dir: &Path, extension: &str) -> PathBuf {
        let folder = match self.parent() {
            Some(parent) => parent.children_folder(data_dir),
            None => data_dir.join("agents"),
        };
        folder.join(&*self.agent).join(format!("{}.{extension}", file_name(&self.name)))
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = &self.parent {
            write!(f, "{parent}/sub/")?;
        }
        write!(f, "{}/{}", self.agent, self.name)
    }
}

/// Longest file name, in bytes, without its extension.
const LONGEST: usize = 180;

/// A name as a file name. Readable for plain names; upper-case letters are escaped as well, since
/// some file systems do not tell them apart.
fn file_name(name: &str) -> String {
    let mut file = String::with_capacity(name.len() + 8);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => file.push(char::from(byte)),
            _ => {
                let _ = write!(file, "%{byte:02x}");
            }
        }
    }
    if file.len() > LONGEST {
        use sha2::{Digest, Sha256};
        file.truncate(LONGEST - 66);
        file.push_str("%-");
        for byte in Sha256::digest(name.as_bytes()) {
            let _ = write!(file, "{byte:02x}");
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(name: &str) -> InstanceId {
        InstanceId::new(&"a".into(), name)
    }

    #[test]
    fn names_become_distinct_safe_files() {
        let file = |name: &str| top(name).file(Path::new("d")).display().to_string();
        assert_eq!(file("chat-1"), "d/agents/a/chat-1.sqlite3");
        assert_eq!(file("../x"), "d/agents/a/%2e%2e%2fx.sqlite3");
        assert_ne!(file("A").to_lowercase(), file("a").to_lowercase());
        let (one, two) = (file(&format!("{}1", "é".repeat(120))), file(&"é".repeat(120)));
        assert_ne!(one, two);
        assert!(one.len() < 220);
    }

    #[test]
    fn files_lead_back_to_names() {
        for name in ["chat-1", "../x", "Größe", "a%b", "\u{1}"] {
            assert_eq!(InstanceId::name_of_file(&file_name(name)).as_deref(), Some(name));
        }
        assert_eq!(InstanceId::name_of_file(&file_name(&"é".repeat(120))), None);
        for other in ["A", "%", "%4", "%zz", "%ff", "%+1", "copy of x"] {
            assert_eq!(InstanceId::name_of_file(other), None, "{other}");
        }
    }

    #[test]
    fn keys_lead_back_to_instances() {
        let room = Arc::new(InstanceId::new(&"room".into(), "lobby"));
        let seat = Arc::new(InstanceId::sub(Arc::clone(&room), &"seat".into(), "1/2"));
        let hand = InstanceId::sub(Arc::clone(&seat), &"hand".into(), "left");
        for id in [&*room, &*seat, &hand] {
            assert_eq!(&InstanceId::from_key(&id.agent().into(), &id.key()), id);
        }
        assert_eq!(hand.to_string(), "room/lobby/sub/seat/1/2/sub/hand/left");
        assert!(hand.key().starts_with(&room.children_prefix()));
        assert_eq!(
            hand.file(Path::new("d")).display().to_string(),
            "d/agents/room/lobby.sub/seat/1%2f2.sub/hand/left.sqlite3"
        );
    }
}
