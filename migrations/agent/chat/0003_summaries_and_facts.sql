-- What a model wrote of the messages up to a position. It holds while that message is on the
-- conversation's present way, or was deleted for its age.
CREATE TABLE domovoi_summaries (
    position   INTEGER PRIMARY KEY,
    -- The id of that message.
    message_id TEXT    NOT NULL,
    summary    TEXT    NOT NULL,
    created_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
);

-- What a model is told in every turn.
CREATE TABLE domovoi_facts (
    key  TEXT PRIMARY KEY,
    fact TEXT NOT NULL
) WITHOUT ROWID;
