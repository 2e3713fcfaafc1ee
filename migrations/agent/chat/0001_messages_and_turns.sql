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
