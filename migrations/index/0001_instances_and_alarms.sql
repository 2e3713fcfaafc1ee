-- What the runtime must know without opening the databases of instances.

-- Every instance that has a database. key is the name; for a sub-agent the whole way to it.
CREATE TABLE instances (
    agent      TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (agent, key)
) WITHOUT ROWID;

-- When an instance has to be woken next. Written before the schedule itself is, so that a crash
-- can cause an early wake and never a missed one.
CREATE TABLE alarms (
    agent TEXT    NOT NULL,
    key   TEXT    NOT NULL,
    -- Unix time in milliseconds.
    due   INTEGER NOT NULL,
    -- The instance has been told and has not answered yet.
    fired INTEGER NOT NULL DEFAULT 0,
    -- The instance has work that a crash would interrupt: it is woken when the runtime starts.
    open  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (agent, key)
) WITHOUT ROWID;

CREATE INDEX alarms_due ON alarms (fired, due);
