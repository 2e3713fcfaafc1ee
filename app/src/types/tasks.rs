//! What the page of tasks shows.

use serde::{Deserialize, Serialize};

/// Agent type of tasks; there is one instance, `default`.
pub const TASKS_AGENT: &str = "tasks";

/// State of the agent `tasks`: enough to know when to ask for the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksState {
    /// Grows with every change.
    pub revision: u64,
}

/// All tasks, and all reminders of conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksView {
    /// Tasks, the newest first.
    pub tasks: Vec<TaskView>,
    /// Reminders that the assistant has set, by when they are due.
    pub reminders: Vec<ReminderView>,
    /// The time zone of the server.
    pub zone: String,
}

/// When a task runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// By a cron expression.
    #[default]
    Cron,
    /// Once, at a date.
    Once,
    /// Every so many minutes.
    Every,
}

/// What a person asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// What the assistant is told.
    pub prompt: String,
    /// How `when` is read.
    pub kind: TaskKind,
    /// A cron expression of five fields, a date as `2027-01-31T09:00`, or minutes.
    pub when: String,
    /// The time zone of cron expression or date.
    pub zone: String,
}

/// What is wrong with a [`NewTask`], field by field; nothing where it was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskProblems {
    /// With what the assistant is told.
    pub prompt: Option<String>,
    /// With the time.
    pub when: Option<String>,
    /// With the time zone.
    pub zone: Option<String>,
}

/// A task as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// Its id.
    pub id: String,
    /// What the assistant is told.
    pub prompt: String,
    /// When it runs, in words.
    pub timing: String,
    /// Whether it is not to run for now.
    pub paused: bool,
    /// When it runs next, at most three times.
    pub next: Vec<String>,
    /// The conversation it writes in.
    pub conversation: String,
    /// Its runs, the newest first.
    pub runs: Vec<RunView>,
}

/// A run of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// When it was due.
    pub due: String,
    /// How it stands: `running`, `succeeded`, `failed`, `skipped`, `waiting`, `retrying`.
    pub status: String,
    /// Why it failed or was left out.
    #[serde(default)]
    pub error: Option<String>,
}

/// A reminder of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderView {
    /// Its id in its conversation.
    pub id: String,
    /// The conversation.
    pub conversation: String,
    /// What it is about.
    pub text: String,
    /// When it is due, in words.
    pub timing: String,
    /// When it is due next, in milliseconds since 1970.
    pub due: i64,
    /// When it is due next, at most three times.
    pub next: Vec<String>,
}
