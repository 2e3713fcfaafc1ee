//! The inbox on disk.

use domovoi_agents::prelude::*;
use domovoi_app::types::approvals::{ApprovalView, ApprovalsView};

use super::Approvals;

/// Most calls that are listed as waiting; the count has all of them.
const MOST_OPEN: usize = 200;
/// Most decisions that are listed.
const MOST_DECIDED: usize = 50;

pub(super) fn create(cx: &Context<Approvals>) -> Result<()> {
    cx.sql().transaction(|db| {
        Ok(db.execute_batch(
            "CREATE TABLE IF NOT EXISTS approvals (
               conversation TEXT NOT NULL, id TEXT NOT NULL, asked_at INTEGER NOT NULL,
               decided_at INTEGER, view TEXT NOT NULL, PRIMARY KEY (conversation, id)
             ) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS approvals_by_time ON approvals (decided_at, asked_at);",
        )?)
    })?;
    Ok(())
}

/// What a conversation has takes the place of what was known of it. Decisions stay as they are.
pub(super) fn replace(
    cx: &Context<Approvals>,
    conversation: &str,
    views: &[ApprovalView],
) -> Result<()> {
    cx.sql().transaction(|db| {
        db.execute(
            "DELETE FROM approvals WHERE conversation = ?1 AND decided_at IS NULL",
            [conversation],
        )?;
        let mut add = db.prepare_cached(
            "INSERT OR IGNORE INTO approvals (conversation, id, asked_at, decided_at, view)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for view in views {
            let decided_at = view.decision.as_ref().map(|decision| decision.at);
            let json = serde_json::to_string(view)?;
            add.execute((conversation, &view.id, view.asked_at, decided_at, json))?;
        }
        Ok(())
    })?;
    Ok(())
}

pub(super) fn count_open(cx: &Context<Approvals>) -> Result<u32> {
    Ok(cx.sql().query_one("SELECT count(*) FROM approvals WHERE decided_at IS NULL", [])?)
}

/// Conversations with a call that is known to wait.
pub(super) fn conversations(cx: &Context<Approvals>) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT conversation FROM approvals WHERE decided_at IS NULL";
    Ok(cx.sql().query(sql, [])?)
}

pub(super) fn view(cx: &Context<Approvals>) -> Result<ApprovalsView> {
    let read = |sql, limit| {
        let rows: Vec<String> = cx.sql().query(sql, [limit])?;
        let views = rows.iter().map(|json| serde_json::from_str(json));
        Ok::<Vec<ApprovalView>, HandlerError>(views.collect::<Result<_, _>>()?)
    };
    Ok(ApprovalsView {
        open: read(
            "SELECT view FROM approvals WHERE decided_at IS NULL ORDER BY asked_at LIMIT ?1",
            MOST_OPEN,
        )?,
        decided: read(
            "SELECT view FROM approvals WHERE decided_at IS NOT NULL
             ORDER BY decided_at DESC LIMIT ?1",
            MOST_DECIDED,
        )?,
    })
}
