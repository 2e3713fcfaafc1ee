//! The gateway's log, cache and feedback in one SQLite file.

use std::{fmt, path::Path, sync::LazyLock};

use domovoi_models::gateway::{
    Admission, Allowance, Feedback, FeedbackSubject, GatewayStore, Keep, LogEntry, LogFilter,
    Outcome, Rating, RequestEnd, RequestStart, Spent, StoreError, Subject, Used,
};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use rusqlite_migration::{M, Migrations};

use crate::{AgentError, storage::open_database};

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![M::up(include_str!(
        "../../../../migrations/gateway/0001_requests_cache_feedback.sql"
    ))])
});

/// Log, cache and feedback of a [`Gateway`](domovoi_models::gateway::Gateway) in one SQLite file.
pub struct SqliteGatewayStore {
    database: Mutex<Connection>,
}

impl fmt::Debug for SqliteGatewayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteGatewayStore").finish_non_exhaustive()
    }
}

impl SqliteGatewayStore {
    /// Its file in a data folder, by custom.
    pub const FILE: &str = "gateway.sqlite3";

    /// Opens the file, creating it where there is none. Requests that were running when the last
    /// process ended are marked as interrupted, so one process has it open in this way.
    ///
    /// # Errors
    /// [`AgentError::Database`] and its kin.
    pub fn open(path: &Path) -> Result<Self, AgentError> {
        let store = Self::attach(path)?;
        store
            .database
            .lock()
            .execute("UPDATE requests SET outcome = 'interrupted' WHERE outcome = 'running'", [])?;
        Ok(store)
    }

    /// Opens the file beside the process that works with it: to look at the log, or to prune it.
    ///
    /// # Errors
    /// [`AgentError::Database`] and its kin.
    pub fn attach(path: &Path) -> Result<Self, AgentError> {
        let mut database = open_database(path)?;
        MIGRATIONS.to_latest(&mut database).map_err(AgentError::Migration)?;
        Ok(Self { database: Mutex::new(database) })
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut database = self.database.lock();
        // Another process may look at the log: a transaction that reads first could not write then.
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

fn spent(db: &Connection, subject: &Subject, since: i64) -> rusqlite::Result<Spent> {
    let (column, name) = match subject {
        Subject::User(user) => ("user", user),
        Subject::Agent(agent) => ("agent", agent),
        _ => return Ok(Spent::default()),
    };
    let query = format!(
        "SELECT count(*), coalesce(sum(input_tokens + output_tokens), 0), coalesce(sum(cost), 0.0)
         FROM requests
         WHERE {column} = ?1 AND started_at >= ?2 AND outcome NOT IN ('cached', 'refused')"
    );
    db.prepare_cached(&query)?.query_row(params![name, since], |row| {
        Ok(Spent { requests: row.get(0)?, tokens: row.get(1)?, money: row.get(2)? })
    })
}

const COLUMNS: &str = "id, started_at, route, model, user, agent, message_id, outcome, error, \
    attempts, input_tokens, output_tokens, estimated, cost, first_token_ms, total_ms";

fn entry(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    let somebody = |index| row.get(index).map(|name: String| (!name.is_empty()).then_some(name));
    let outcome: String = row.get(7)?;
    let mut entry = LogEntry::default();
    entry.id = row.get(0)?;
    entry.started_at = row.get(1)?;
    entry.route = row.get(2)?;
    entry.model = row.get(3)?;
    entry.user = somebody(4)?;
    entry.agent = somebody(5)?;
    entry.message_id = row.get(6)?;
    entry.outcome = Outcome::from_name(&outcome).unwrap_or_default();
    entry.error = row.get(8)?;
    entry.attempts = row.get(9)?;
    entry.input_tokens = row.get(10)?;
    entry.output_tokens = row.get(11)?;
    entry.estimated = row.get(12)?;
    entry.cost = row.get(13)?;
    entry.first_token_ms = row.get(14)?;
    entry.total_ms = row.get(15)?;
    Ok(entry)
}

fn feedback_of(db: &Connection, entry: &LogEntry) -> rusqlite::Result<Vec<Feedback>> {
    let mut statement = db.prepare_cached(
        "SELECT rating, comment, user FROM feedback
         WHERE subject = 'request' AND name = ?1 OR subject = 'message' AND name = ?2
         ORDER BY given_at",
    )?;
    let rows = statement.query_map(params![entry.id.to_string(), entry.message_id], |row| {
        let rating: String = row.get(0)?;
        let mut feedback = Feedback::new(if rating == "up" { Rating::Up } else { Rating::Down });
        feedback.comment = row.get(1)?;
        feedback.user = Some(row.get(2)?).filter(|user: &String| !user.is_empty());
        Ok(feedback)
    })?;
    rows.collect()
}

impl GatewayStore for SqliteGatewayStore {
    fn begin(
        &self,
        start: &RequestStart,
        allowances: &[Allowance],
    ) -> Result<Admission, StoreError> {
        self.write(|db| {
            let mut refusal = None;
            for (allowance, it) in allowances.iter().enumerate() {
                if let Some(kind) = it.exhausted(&spent(db, &it.subject, it.since)?) {
                    refusal = Some(Admission::Refused { allowance, kind });
                    break;
                }
            }
            let outcome = if refusal.is_some() { Outcome::Refused } else { Outcome::Running };
            db.prepare_cached(
                "INSERT INTO requests (started_at, route, user, agent, message_id, outcome)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                start.started_at,
                start.route,
                start.user.as_deref().unwrap_or_default(),
                start.agent.as_deref().unwrap_or_default(),
                start.message_id,
                outcome.name(),
            ])?;
            Ok(refusal.unwrap_or_else(|| Admission::Admitted(db.last_insert_rowid())))
        })
    }

    fn end(&self, id: i64, end: &RequestEnd) -> Result<(), StoreError> {
        self.write(|db| {
            db.prepare_cached(
                "UPDATE requests SET outcome = ?2, model = ?3, attempts = ?4, error = ?5,
                     input_tokens = ?6, output_tokens = ?7, estimated = ?8, cost = ?9,
                     first_token_ms = ?10, total_ms = ?11
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                end.outcome.name(),
                end.model,
                end.attempts,
                end.error,
                end.usage.input_tokens,
                end.usage.output_tokens,
                end.estimated,
                end.cost,
                end.first_token_ms,
                end.total_ms,
            ])?;
            Ok(())
        })
    }

    fn log(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, StoreError> {
        let database = self.database.lock();
        let mut statement = database.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM requests
             WHERE (?1 IS NULL OR user = ?1) AND (?2 IS NULL OR agent = ?2)
               AND (?3 IS NULL OR route = ?3) AND (?4 IS NULL OR model = ?4)
               AND (?5 IS NULL OR message_id = ?5) AND (?6 IS NULL OR outcome = ?6)
               AND (?7 IS NULL OR started_at >= ?7) AND (?8 IS NULL OR id < ?8)
             ORDER BY id DESC LIMIT ?9"
        ))?;
        let limit = i64::try_from(filter.limit.unwrap_or(LogFilter::DEFAULT_LIMIT));
        let rows = statement.query_map(
            params![
                filter.user,
                filter.agent,
                filter.route,
                filter.model,
                filter.message_id,
                filter.outcome.map(Outcome::name),
                filter.since,
                filter.before_id,
                limit.unwrap_or(i64::MAX),
            ],
            entry,
        )?;
        let mut entries = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        for entry in &mut entries {
            entry.feedback = feedback_of(&database, entry)?;
        }
        Ok(entries)
    }

    fn spent(&self, subject: &Subject, since: i64) -> Result<Spent, StoreError> {
        Ok(spent(&self.database.lock(), subject, since)?)
    }

    fn used(&self, user: Option<&str>, since: i64) -> Result<Vec<Used>, StoreError> {
        let database = self.database.lock();
        let mut statement = database.prepare_cached(
            "SELECT started_at - started_at % 86400000 AS day, user, model, count(*),
                 sum(input_tokens + output_tokens), sum(cost)
             FROM requests
             WHERE started_at >= ?1 AND (?2 IS NULL OR user = ?2)
                 AND outcome NOT IN ('cached', 'refused')
             GROUP BY day, user, model ORDER BY day, user, model",
        )?;
        let rows = statement.query_map(params![since, user], |row| {
            let mut used = Used::default();
            used.day = row.get(0)?;
            used.user = Some(row.get(1)?).filter(|user: &String| !user.is_empty());
            used.model = row.get(2)?;
            used.spent = Spent { requests: row.get(3)?, tokens: row.get(4)?, money: row.get(5)? };
            Ok(used)
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn prune(&self, keep: &Keep, now: i64) -> Result<u64, StoreError> {
        self.write(|db| {
            let counted = keep.counted_since(now);
            let mut gone = 0;
            if let Some(oldest) = keep.oldest(now) {
                gone += db.execute("DELETE FROM requests WHERE started_at < ?1", [oldest])?;
            }
            if let Some(most) = keep.max_entries {
                gone += db.execute(
                    "DELETE FROM requests WHERE started_at < ?1 AND id <=
                         (SELECT id FROM requests ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                    params![counted, i64::try_from(most).unwrap_or(i64::MAX)],
                )?;
            }
            if gone > 0 {
                db.execute(
                    "DELETE FROM feedback WHERE iif(subject = 'message',
                         name NOT IN (SELECT message_id FROM requests WHERE message_id IS NOT NULL),
                         CAST(name AS INTEGER) NOT IN (SELECT id FROM requests))",
                    [],
                )?;
            }
            db.execute("DELETE FROM answers WHERE until <= ?1", [now])?;
            Ok(gone as u64)
        })
    }

    fn add_feedback(
        &self,
        subject: &FeedbackSubject,
        feedback: &Feedback,
        now: i64,
    ) -> Result<bool, StoreError> {
        let (kind, name, exists) = match subject {
            FeedbackSubject::Request(id) => {
                ("request", id.to_string(), "SELECT 1 FROM requests WHERE id = ?1")
            }
            FeedbackSubject::Message(message) => {
                ("message", message.clone(), "SELECT 1 FROM requests WHERE message_id = ?1")
            }
            _ => return Ok(false),
        };
        let rating = match feedback.rating {
            Rating::Up => "up",
            Rating::Down => "down",
        };
        self.write(|db| {
            if !db.prepare_cached(exists)?.exists([&name])? {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO feedback (subject, name, user, rating, comment, given_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (subject, name, user) DO UPDATE SET
                     rating = excluded.rating, comment = excluded.comment,
                     given_at = excluded.given_at",
            )?
            .execute(params![
                kind,
                name,
                feedback.user.as_deref().unwrap_or_default(),
                rating,
                feedback.comment,
                now
            ])?;
            Ok(true)
        })
    }

    fn cached(&self, key: &str, now: i64) -> Result<Option<String>, StoreError> {
        let database = self.database.lock();
        let mut statement =
            database.prepare_cached("SELECT answer FROM answers WHERE key = ?1 AND until > ?2")?;
        Ok(statement.query_row(params![key, now], |row| row.get(0)).optional()?)
    }

    fn put_cached(&self, key: &str, answer: &str, until: i64) -> Result<(), StoreError> {
        self.write(|db| {
            db.prepare_cached(
                "INSERT INTO answers (key, answer, until) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, until = excluded.until",
            )?
            .execute(params![key, answer, until])?;
            Ok(())
        })
    }
}
