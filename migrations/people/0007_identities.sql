-- Whom an identity provider knows somebody as. A row stays after its person was removed: who was
-- removed does not come back by signing in again.
CREATE TABLE identities (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    person     TEXT    REFERENCES people (id) ON DELETE SET NULL,
    -- Whether the person linked it to an account themselves.
    linked     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;

CREATE INDEX identities_person ON identities (person);
