-- What programs show in the place of a cookie: `domovoi token`. Only hashes are here.

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB    NOT NULL UNIQUE,
    name       TEXT    NOT NULL UNIQUE,
    -- Whose it is; nobody's where nobody has an account.
    person     TEXT    REFERENCES people (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at    INTEGER
);
