-- What an instance's file was before its tables stood in sets of their own, with something in each.

-- The runtime's own tables in every instance's database. All have the prefix domovoi_.

-- The state as JSON; one row.
CREATE TABLE domovoi_state (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value TEXT NOT NULL
);

-- The conversation of a chat agent, in order of position; content is a UIMessage as JSON.
CREATE TABLE domovoi_messages (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL,
    content    TEXT NOT NULL,
    created_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
);

-- Chat turns by request id, which makes a request sent again harmless.
CREATE TABLE domovoi_turns (
    id          TEXT PRIMARY KEY,
    message_id  TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('running', 'completed', 'aborted', 'error', 'interrupted')),
    started_at  INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    finished_at INTEGER
);

-- The chunks of the running turn and of the one before it, for clients that come back.
CREATE TABLE domovoi_chunks (
    turn_id TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (turn_id, seq)
) WITHOUT ROWID;
-- Tasks to run later. Times are Unix times in milliseconds.
CREATE TABLE domovoi_schedules (
    id         TEXT PRIMARY KEY,
    -- What makes a schedule that is made again the same one.
    key        TEXT,
    task       TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    -- Delay, date, cron expression or interval, as JSON.
    timing     TEXT    NOT NULL,
    -- Retry, overlap and catch-up, as JSON; null for the defaults.
    policy     TEXT,
    due        INTEGER NOT NULL,
    -- 0 once the last run of a schedule has begun.
    waiting    INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX domovoi_schedules_key ON domovoi_schedules (key) WHERE key IS NOT NULL;
CREATE INDEX domovoi_schedules_due ON domovoi_schedules (due) WHERE waiting;

-- Runs of schedules: those that have not ended, and the newest of those that have. Failed tasks of
-- the queue are here as well.
CREATE TABLE domovoi_runs (
    id          INTEGER PRIMARY KEY,
    -- The schedule, or the task of the queue.
    schedule_id TEXT    NOT NULL,
    task        TEXT    NOT NULL,
    due         INTEGER NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('waiting', 'running', 'retrying', 'succeeded', 'failed', 'skipped')),
    attempt     INTEGER NOT NULL,
    -- Earliest time of the next attempt.
    not_before  INTEGER,
    started_at  INTEGER,
    finished_at INTEGER,
    error       TEXT
);

CREATE INDEX domovoi_runs_open ON domovoi_runs (schedule_id)
    WHERE status IN ('waiting', 'running', 'retrying');
CREATE INDEX domovoi_runs_retrying ON domovoi_runs (not_before) WHERE status = 'retrying';

-- Tasks to run one after the other.
CREATE TABLE domovoi_queue (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    task       TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    -- Retry, as JSON; null for the default.
    policy     TEXT,
    attempt    INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    error      TEXT,
    created_at INTEGER NOT NULL
);

INSERT INTO domovoi_state VALUES (1, '7');
INSERT INTO domovoi_messages (id, role, content)
    VALUES ('m1', 'user', '{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"}]}');
INSERT INTO domovoi_schedules (id, task, payload, timing, due, created_at)
    VALUES ('s1', 'work', 'null', '{"type":"delayed","delayInSeconds":1.0}', 1000, 0);
PRAGMA user_version = 2;
