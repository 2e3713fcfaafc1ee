//! The audit trail: what people were asked and what they decided. Rows are added and never changed;
//! triggers refuse anything else.

use rusqlite::{Connection, Row, named_params, params};
use serde_json::Value;

use super::{ApprovalFilter, ApprovalRecord, ApprovalRequest, RecordedDecision};
use crate::AgentError;

/// Adds a question. One that is there already stays as it is.
pub(in crate::chat) fn ask(db: &Connection, request: &ApprovalRequest) -> Result<(), AgentError> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO domovoi_approvals
           (id, tool_call_id, message_id, tool, input, asked_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        request.id,
        request.tool_call_id,
        request.message_id,
        request.tool_name,
        serde_json::to_string(&request.input)?,
        request.asked_at,
        request.expires_at,
    ])?;
    Ok(())
}

/// Adds the decision over a question. The first one stands.
pub(in crate::chat) fn decide(
    db: &Connection,
    approval_id: &str,
    decision: &RecordedDecision,
) -> Result<(), AgentError> {
    let input = decision.input.as_ref().map(serde_json::to_string).transpose()?;
    db.prepare_cached(
        "INSERT OR IGNORE INTO domovoi_approval_events
           (approval_id, kind, at, decided_by, connection, approved, reason, input, expired)
         VALUES (:id, 'decided', :at, :by, :connection, :approved, :reason, :input, :expired)",
    )?
    .execute(named_params! {
        ":id": approval_id, ":at": decision.at, ":by": decision.by,
        ":connection": decision.connection, ":approved": decision.approved,
        ":reason": decision.reason, ":input": input, ":expired": decision.expired,
    })?;
    Ok(())
}

/// Notes that a question was escalated; whether that is new.
pub(super) fn escalate(db: &Connection, approval_id: &str, at: i64) -> Result<bool, AgentError> {
    let added = db
        .prepare_cached(
            "INSERT OR IGNORE INTO domovoi_approval_events (approval_id, kind, at)
             VALUES (?1, 'escalated', ?2)",
        )?
        .execute(params![approval_id, at])?;
    Ok(added > 0)
}

const SELECT: &str = "
    SELECT a.*, e.at AS escalated_at, d.at AS decided_at, d.decided_by, d.connection, d.approved,
           d.reason, d.input AS new_input, d.expired,
           d.number IS NULL AND EXISTS (SELECT 1 FROM domovoi_messages m
                                        WHERE m.id = a.message_id AND m.active) AS open
    FROM domovoi_approvals a
    LEFT JOIN domovoi_approval_events d ON d.approval_id = a.id AND d.kind = 'decided'
    LEFT JOIN domovoi_approval_events e ON e.approval_id = a.id AND e.kind = 'escalated'";

/// Whether there is a question that nobody has decided, be it part of the conversation or not.
pub(super) fn is_any_undecided(db: &Connection) -> Result<bool, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM domovoi_approvals a WHERE NOT EXISTS
           (SELECT 1 FROM domovoi_approval_events e
            WHERE e.approval_id = a.id AND e.kind = 'decided')",
    )?;
    Ok(statement.exists([])?)
}

/// The question with this id.
pub(super) fn one(db: &Connection, id: &str) -> Result<Option<ApprovalRecord>, AgentError> {
    let mut statement = db.prepare_cached(&format!("{SELECT} WHERE a.id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(record).transpose()
}

/// The questions that are asked for, the oldest first.
pub(super) fn select(
    db: &Connection,
    filter: &ApprovalFilter,
) -> Result<Vec<ApprovalRecord>, AgentError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT * FROM ({SELECT})
         WHERE (?1 IS NULL OR open = ?1) AND (?2 IS NULL OR tool = ?2)
           AND (?3 IS NULL OR tool_call_id = ?3)
         ORDER BY asked_at, id"
    ))?;
    let mut rows = statement.query(params![filter.open, filter.tool_name, filter.tool_call_id])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

fn record(row: &Row<'_>) -> Result<ApprovalRecord, AgentError> {
    let json = |text: String| serde_json::from_str::<Value>(&text);
    let request = ApprovalRequest {
        id: row.get("id")?,
        tool_call_id: row.get("tool_call_id")?,
        message_id: row.get("message_id")?,
        tool_name: row.get("tool")?,
        input: json(row.get("input")?)?,
        asked_at: row.get("asked_at")?,
        expires_at: row.get("expires_at")?,
    };
    let decision = match row.get::<_, Option<i64>>("decided_at")? {
        None => None,
        Some(at) => Some(RecordedDecision {
            at,
            by: row.get("decided_by")?,
            connection: row.get("connection")?,
            approved: row.get("approved")?,
            reason: row.get("reason")?,
            input: row.get::<_, Option<String>>("new_input")?.map(json).transpose()?,
            expired: row.get("expired")?,
        }),
    };
    let (open, escalated_at) = (row.get("open")?, row.get("escalated_at")?);
    Ok(ApprovalRecord { request, open, escalated_at, decision })
}
