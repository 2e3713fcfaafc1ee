//! Tasks and reminders on disk.

use domovoi_agents::prelude::*;
use domovoi_app::types::tasks::{NewTask, TaskKind};

use super::{Tasks, reminder::Reminder};

/// A task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) prompt: String,
    pub(super) kind: TaskKind,
    /// When, as the person wrote it.
    pub(super) at: String,
    pub(super) zone: String,
    pub(super) paused: bool,
    /// The conversation it writes in.
    pub(super) conversation: String,
    /// The schedule that runs it.
    pub(super) schedule: String,
}

impl Stored {
    /// As it would be asked for.
    pub(super) fn as_new(&self) -> NewTask {
        NewTask {
            prompt: self.prompt.clone(),
            kind: self.kind,
            when: self.at.clone(),
            zone: self.zone.clone(),
        }
    }
}

pub(super) fn create(cx: &Context<Tasks>) -> Result<()> {
    cx.sql().transaction(|db| {
        Ok(db.execute_batch(
            "CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, task TEXT NOT NULL)
               WITHOUT ROWID;
             -- Every schedule that a task ever had: its runs are the task's.
             CREATE TABLE IF NOT EXISTS task_schedules
               (schedule TEXT PRIMARY KEY, task TEXT NOT NULL) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS reminders
               (conversation TEXT NOT NULL, id TEXT NOT NULL, due INTEGER NOT NULL,
                reminder TEXT NOT NULL, PRIMARY KEY (conversation, id)) WITHOUT ROWID;",
        )?)
    })?;
    Ok(())
}

/// All tasks, the newest first.
pub(super) fn all(cx: &Context<Tasks>) -> Result<Vec<Stored>> {
    let rows: Vec<String> = cx.sql().query("SELECT task FROM tasks ORDER BY id DESC", [])?;
    Ok(rows.iter().map(|json| serde_json::from_str(json)).collect::<Result<_, _>>()?)
}

pub(super) fn get(cx: &Context<Tasks>, id: &str) -> Result<Stored> {
    let row: Option<String> =
        cx.sql().query_optional("SELECT task FROM tasks WHERE id = ?1", [id])?;
    let row = row.ok_or_else(|| HandlerError::new("There is no such task.").terminal())?;
    Ok(serde_json::from_str(&row)?)
}

/// Writes a task, in the place of the one with its id, and whose its schedule is.
pub(super) fn put(cx: &Context<Tasks>, task: &Stored) -> Result<()> {
    let json = serde_json::to_string(task)?;
    cx.sql().transaction(|db| {
        db.execute("INSERT OR REPLACE INTO tasks (id, task) VALUES (?1, ?2)", (&task.id, json))?;
        db.execute(
            "INSERT OR REPLACE INTO task_schedules (schedule, task) VALUES (?1, ?2)",
            (&task.schedule, &task.id),
        )?;
        Ok(())
    })?;
    Ok(())
}

/// Notes that a schedule runs a task.
pub(super) fn belongs(cx: &Context<Tasks>, schedule: &str, task: &str) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO task_schedules (schedule, task) VALUES (?1, ?2)";
    cx.sql().execute(sql, (schedule, task))?;
    Ok(())
}

/// The schedules that a task has or had.
pub(super) fn schedules(cx: &Context<Tasks>, task: &str) -> Result<Vec<String>> {
    Ok(cx.sql().query("SELECT schedule FROM task_schedules WHERE task = ?1", [task])?)
}

/// Which task a schedule belongs to, for all.
pub(super) fn owners(cx: &Context<Tasks>) -> Result<Vec<(String, String)>> {
    Ok(cx.sql().query("SELECT schedule, task FROM task_schedules", [])?)
}

pub(super) fn remove(cx: &Context<Tasks>, id: &str) -> Result<()> {
    cx.sql().transaction(|db| {
        db.execute("DELETE FROM tasks WHERE id = ?1", [id])?;
        db.execute("DELETE FROM task_schedules WHERE task = ?1", [id])?;
        Ok(())
    })?;
    Ok(())
}

/// Reminders of all conversations, at most `limit`, those due first in front.
pub(super) fn reminders(cx: &Context<Tasks>, limit: usize) -> Result<Vec<Reminder>> {
    let sql = "SELECT reminder FROM reminders ORDER BY due LIMIT ?1";
    let rows: Vec<String> = cx.sql().query(sql, [limit])?;
    Ok(rows.iter().map(|json| serde_json::from_str(json)).collect::<Result<_, _>>()?)
}

/// Conversations that are known to have reminders.
pub(super) fn conversations(cx: &Context<Tasks>) -> Result<Vec<String>> {
    Ok(cx.sql().query("SELECT DISTINCT conversation FROM reminders", [])?)
}

/// The reminders of a conversation take the place of those that were known; whether they differ.
pub(super) fn replace_reminders(
    cx: &Context<Tasks>,
    conversation: &str,
    reminders: &[Reminder],
) -> Result<bool> {
    let new = reminders.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    let sql = "SELECT reminder FROM reminders WHERE conversation = ?1 ORDER BY due, id";
    let known: Vec<String> = cx.sql().query(sql, [conversation])?;
    if known == new {
        return Ok(false);
    }
    cx.sql().transaction(|db| {
        db.execute("DELETE FROM reminders WHERE conversation = ?1", [conversation])?;
        for (reminder, json) in reminders.iter().zip(&new) {
            db.execute(
                "INSERT INTO reminders (conversation, id, due, reminder) VALUES (?1, ?2, ?3, ?4)",
                (conversation, &reminder.id, reminder.due, json),
            )?;
        }
        Ok(())
    })?;
    Ok(true)
}
