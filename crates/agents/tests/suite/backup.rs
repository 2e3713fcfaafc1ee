//! Backups of a folder whose agents run, and what comes back.

use std::{fs, io::Write, path::Path};

use domovoi_agents::{
    backup::{self, BackupError, Existing},
    prelude::*,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::support::config;

#[derive(Default, Clone, Serialize, Deserialize)]
struct Notes {
    texts: Vec<String>,
}

#[derive(Default)]
struct Notebook;

#[agent(state = Notes)]
impl Notebook {
    #[callable]
    fn note(&self, cx: &Context<Self>, text: String) -> Result<()> {
        Ok(cx.update_state(|notes| notes.texts.push(text))?)
    }

    #[task]
    fn remember(&self, cx: &Context<Self>, text: String) -> Result<()> {
        cx.update_state(|notes| notes.texts.push(text.clone()))?;
        if let Some(told) = cx.agents().service::<UnboundedSender<String>>() {
            let _ = told.send(text);
        }
        Ok(())
    }

    #[callable]
    async fn remind(&self, cx: &Context<Self>, milliseconds: u64, text: String) -> Result<()> {
        let after = std::time::Duration::from_millis(milliseconds);
        cx.schedule(after, Self::REMEMBER, text)?;
        Ok(())
    }
}

fn start(folder: &Path) -> Agents {
    Agents::builder(config(folder)).agent::<Notebook>().build().unwrap()
}

async fn note(agents: &Agents, name: &str, text: &str) {
    agents.get::<Notebook>(name).unwrap().note(text.to_owned()).await.unwrap();
}

async fn texts(agents: &Agents, name: &str) -> Vec<String> {
    let notebook = agents.get::<Notebook>(name).unwrap();
    notebook.run(|_, cx| async move { cx.state().texts.clone() }).await.unwrap()
}

async fn stop(agents: Agents) {
    agents.shutdown(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_was_written_when_it_was_made_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("b.zip"));
    let agents = start(&data);
    for name in ["one", "../two", "Drei ☃"] {
        note(&agents, name, "before").await;
    }
    let weights = data.join("models");
    fs::create_dir_all(&weights).unwrap();
    fs::write(weights.join("large.gguf"), [0; 1000]).unwrap();
    // Agents run on: what they write from now on is not in it.
    let summary = backup::create(&data, &file).unwrap();
    assert_eq!((summary.files, summary.damaged.len()), (4, 0));
    note(&agents, "one", "after").await;

    assert!(
        matches!(backup::create(&data, &file), Err(BackupError::Exists(_))),
        "an earlier backup is not written over"
    );
    let in_use = backup::restore(&file, &data, Existing::SetAside).unwrap_err();
    assert!(in_use.to_string().contains("in use"), "{in_use}");
    stop(agents).await;

    assert!(matches!(
        backup::restore(&file, &data, Existing::Refuse),
        Err(BackupError::NotEmpty(_))
    ));
    backup::restore(&file, &data, Existing::SetAside).unwrap();
    assert!(weights.join("large.gguf").exists(), "weights stay where they are");
    let aside = fs::read_dir(data.join("set-aside")).unwrap().next().unwrap().unwrap().path();
    assert!(aside.join("agents/notebook/one.sqlite3").exists());

    let agents = start(&data);
    for name in ["one", "../two", "Drei ☃"] {
        assert_eq!(texts(&agents, name).await, ["before"]);
    }
    assert_eq!(agents.list("notebook", None, 10).unwrap().len(), 3);
    stop(agents).await;
}

#[tokio::test]
async fn tasks_that_were_to_run_run_after_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("b.zip"));
    let agents = start(&data);
    let notebook = agents.get::<Notebook>("n").unwrap();
    notebook.remind(60_000_000, "later".to_owned()).await.unwrap();
    notebook.remind(3000, "soon".to_owned()).await.unwrap();
    backup::create(&data, &file).unwrap();
    stop(agents).await;

    let other = folder.path().join("other");
    backup::restore(&file, &other, Existing::Refuse).unwrap();
    // Nobody touches the instance but its alarm.
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<String>();
    let agents = Agents::builder(config(&other)).service(tell).agent::<Notebook>().build().unwrap();
    assert_eq!(told.recv().await.unwrap(), "soon");
    assert_eq!(texts(&agents, "n").await, ["soon"]);
    stop(agents).await;
}

#[tokio::test]
async fn a_damaged_database_does_not_stop_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("b.zip"));
    let agents = start(&data);
    note(&agents, "good", "kept").await;
    stop(agents).await;
    let damaged = data.join("agents/notebook/bad.sqlite3");
    fs::write(&damaged, "no database, but perhaps somebody can mend it").unwrap();
    let summary = backup::create(&data, &file).unwrap();
    assert_eq!(summary.damaged, [Path::new("agents/notebook/bad.sqlite3")]);

    let other = folder.path().join("other");
    let restored = backup::restore(&file, &other, Existing::Refuse).unwrap();
    assert_eq!(restored, summary);
    let bytes = fs::read(other.join("agents/notebook/bad.sqlite3")).unwrap();
    assert_eq!(bytes, fs::read(&damaged).unwrap());
}

#[test]
fn what_is_no_whole_backup_leaves_the_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("note"), "a".repeat(10_000)).unwrap();
    let whole = folder.path().join("whole.zip");
    backup::create(&data, &whole).unwrap();

    let bytes = fs::read(&whole).unwrap();
    let cut = folder.path().join("cut.zip");
    fs::write(&cut, &bytes[..bytes.len() - 30]).unwrap();
    let other = folder.path().join("text.zip");
    fs::write(&other, "hello").unwrap();
    let wrong = archive(folder.path(), "wrong.zip", "note", 1, &"00".repeat(32));
    let outside = archive(folder.path(), "outside.zip", "../escaped", 5, HELLO_SHA256);
    for file in [&cut, &other, &wrong, &outside] {
        let target = folder.path().join("target");
        let refused = backup::restore(file, &target, Existing::Refuse).unwrap_err();
        assert!(matches!(refused, BackupError::NotABackup { .. }), "{refused}");
        let left: Vec<_> = fs::read_dir(&target).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["domovoi.lock"], "{file:?}");
        assert!(!folder.path().join("escaped").exists());
    }
}

const HELLO_SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// An archive with one file whose content is `hello`, and this manifest.
fn archive(folder: &Path, name: &str, path: &str, bytes: u64, sha256: &str) -> std::path::PathBuf {
    let file = folder.join(name);
    let mut zip = zip::ZipWriter::new(fs::File::create(&file).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file(path, options).unwrap();
    zip.write_all(b"hello").unwrap();
    let manifest = serde_json::json!({
        "format": 1, "version": "0.1.0", "created_at": "2026-01-01T00:00:00Z",
        "files": [{"path": path, "bytes": bytes, "sha256": sha256}],
    });
    zip.start_file("manifest.json", options).unwrap();
    zip.write_all(manifest.to_string().as_bytes()).unwrap();
    zip.finish().unwrap();
    file
}

#[tokio::test]
async fn runtimes_below_one_another_come_back_together() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("b.zip"));
    let below = data.join("people").join("1");
    let (outer, inner) = (start(&data), start(&below));
    for agents in [&outer, &inner] {
        // An instance whose file has the name of an index.
        note(agents, "agents", "before").await;
        let notebook = agents.get::<Notebook>("one").unwrap();
        notebook.remind(3_600_000, "later".to_owned()).await.unwrap();
    }
    backup::create(&data, &file).unwrap();
    note(&inner, "new", "after").await;
    stop(outer).await;
    stop(inner).await;

    let other = folder.path().join("other");
    backup::restore(&file, &other, Existing::Refuse).unwrap();
    let (outer, inner) = (start(&other), start(&other.join("people").join("1")));
    for agents in [&outer, &inner] {
        assert_eq!(agents.list("notebook", None, 10).unwrap(), ["agents", "one"]);
        assert_eq!(texts(agents, "agents").await, ["before"]);
        stop(agents.clone()).await;
    }
}
