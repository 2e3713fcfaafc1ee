-- Questions to people: whether a tool may run with these arguments. Times are in milliseconds since
-- 1970.
CREATE TABLE domovoi_approvals (
    id           TEXT PRIMARY KEY,
    tool_call_id TEXT    NOT NULL,
    message_id   TEXT    NOT NULL,
    tool         TEXT    NOT NULL,
    -- The arguments that were shown, as JSON.
    input        TEXT    NOT NULL,
    asked_at     INTEGER NOT NULL,
    expires_at   INTEGER
);

-- What became of them.
CREATE TABLE domovoi_approval_events (
    number      INTEGER PRIMARY KEY,
    approval_id TEXT    NOT NULL REFERENCES domovoi_approvals (id),
    kind        TEXT    NOT NULL CHECK (kind IN ('escalated', 'decided')),
    at          INTEGER NOT NULL,
    -- Who decided: the name of the client's identity and the id of its connection.
    decided_by  TEXT,
    connection  TEXT,
    approved    INTEGER,
    reason      TEXT,
    -- Arguments in the place of those that were shown, as JSON.
    input       TEXT,
    expired     INTEGER NOT NULL DEFAULT 0
);

-- A question is decided once, and escalated once.
CREATE UNIQUE INDEX domovoi_approval_event ON domovoi_approval_events (approval_id, kind);

CREATE TRIGGER domovoi_approvals_stay BEFORE DELETE ON domovoi_approvals
BEGIN SELECT RAISE(ABORT, 'the audit trail of approvals is never rewritten'); END;
CREATE TRIGGER domovoi_approvals_keep BEFORE UPDATE ON domovoi_approvals
BEGIN SELECT RAISE(ABORT, 'the audit trail of approvals is never rewritten'); END;
CREATE TRIGGER domovoi_approval_events_stay BEFORE DELETE ON domovoi_approval_events
BEGIN SELECT RAISE(ABORT, 'the audit trail of approvals is never rewritten'); END;
CREATE TRIGGER domovoi_approval_events_keep BEFORE UPDATE ON domovoi_approval_events
BEGIN SELECT RAISE(ABORT, 'the audit trail of approvals is never rewritten'); END;

-- Answers to tool calls of a message that is still being written, as JSON. They are applied when it
-- is complete, after a restart as well.
CREATE TABLE domovoi_early_answers (
    tool_call_id TEXT PRIMARY KEY,
    answer       TEXT NOT NULL
) WITHOUT ROWID;
