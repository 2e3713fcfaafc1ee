-- Who may sign in, in people.sqlite3. Of passwords, cookies and invitations only hashes are here.
-- Times are in milliseconds since 1970.

CREATE TABLE people (
    id         TEXT PRIMARY KEY,
    name       TEXT    NOT NULL,
    -- The name in small letters: two that differ in nothing else are one.
    name_key   TEXT    NOT NULL UNIQUE,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    -- Argon2id, as a PHC string.
    password   TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX people_owner ON people (role) WHERE role = 'owner';

-- Ids are never used twice: who revokes an old session must not hit a new one.
CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB    NOT NULL UNIQUE,
    person     TEXT    NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    user_agent TEXT    NOT NULL
);

CREATE INDEX sessions_person ON sessions (person);

CREATE TABLE invitations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB    NOT NULL UNIQUE,
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'member')),
    invited_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
);

-- What happened, in order. Names stay readable after a person has gone.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    -- Who did it; empty where that is not known.
    actor   TEXT    NOT NULL,
    -- Whom it is about.
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    -- Where it was asked from; empty for the command line.
    address TEXT    NOT NULL
);

CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never rewritten'); END;
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never rewritten'); END;
