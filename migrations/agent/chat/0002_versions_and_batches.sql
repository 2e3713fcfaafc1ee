-- Every version of every message. The history is the active rows in order of position: a message
-- always has a larger position than the one before it.
CREATE TABLE domovoi_messages_new (
    position   INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL,
    -- Position of the message before this one; null for the first. Versions of a message have the
    -- same parent.
    parent     INTEGER,
    -- Whether it is on the conversation's present way.
    active     INTEGER NOT NULL DEFAULT 1,
    role       TEXT    NOT NULL,
    -- A UIMessage as JSON.
    content    TEXT    NOT NULL,
    created_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
);

INSERT INTO domovoi_messages_new (position, id, parent, role, content, created_at)
    SELECT position, id, lag(position) OVER (ORDER BY position), role, content, created_at
    FROM domovoi_messages;
DROP TABLE domovoi_messages;
ALTER TABLE domovoi_messages_new RENAME TO domovoi_messages;

CREATE UNIQUE INDEX domovoi_messages_id ON domovoi_messages (id) WHERE active;
-- A new message costs nothing here: few are ever left.
CREATE INDEX domovoi_messages_left ON domovoi_messages (parent) WHERE NOT active;

-- The chunks of the running turn and of the one before it, for clients that come back: a row for
-- those that were written together.
CREATE TABLE domovoi_chunks_new (
    turn_id TEXT    NOT NULL,
    -- Number of the first chunk.
    first   INTEGER NOT NULL,
    -- One chunk a line; JSON has no line breaks of its own.
    bodies  TEXT    NOT NULL,
    PRIMARY KEY (turn_id, first)
) WITHOUT ROWID;

INSERT INTO domovoi_chunks_new (turn_id, first, bodies) SELECT turn_id, seq, body FROM domovoi_chunks;
DROP TABLE domovoi_chunks;
ALTER TABLE domovoi_chunks_new RENAME TO domovoi_chunks;

-- What came with a request and holds for continuations of its answer as well: the client's tools and
-- fields of the application's own, as JSON; null where there were none.
ALTER TABLE domovoi_turns ADD COLUMN client_tools TEXT;
ALTER TABLE domovoi_turns ADD COLUMN custom TEXT;
