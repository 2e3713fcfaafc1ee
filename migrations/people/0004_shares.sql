-- Conversations that are shown to whoever has a link: as they were then.

CREATE TABLE shares (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Of what is in the link.
    hash         BLOB    NOT NULL UNIQUE,
    -- Whose it is; nobody's is the owner's, whether the owner has an account or not.
    person       TEXT    REFERENCES people (id) ON DELETE CASCADE,
    conversation TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    messages     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    -- All that is shown, as JSON.
    content      TEXT    NOT NULL
);

CREATE INDEX shares_conversation ON shares (conversation);
