-- Who was removed, and still has a folder.
CREATE TABLE removed (
    id         TEXT PRIMARY KEY,
    name       TEXT    NOT NULL,
    removed_at INTEGER NOT NULL
) WITHOUT ROWID;
