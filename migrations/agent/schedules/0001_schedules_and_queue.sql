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
