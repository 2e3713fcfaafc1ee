-- What models were asked, in gateway.sqlite3. No text of questions or answers is here, but for the
-- cache, which is empty unless the configuration or a request wants it.

-- Every request, written when it begins and again when it ends. Nobody is the empty text.
CREATE TABLE requests (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Unix time in milliseconds.
    started_at     INTEGER NOT NULL,
    route          TEXT    NOT NULL,
    model          TEXT,
    user           TEXT    NOT NULL,
    agent          TEXT    NOT NULL,
    message_id     TEXT,
    -- running, answered, cached, stopped, failed, refused, interrupted
    outcome        TEXT    NOT NULL,
    error          TEXT,
    attempts       INTEGER NOT NULL DEFAULT 0,
    input_tokens   INTEGER NOT NULL DEFAULT 0,
    output_tokens  INTEGER NOT NULL DEFAULT 0,
    -- The tokens are a guess: the provider did not count.
    estimated      INTEGER NOT NULL DEFAULT 0,
    cost           REAL    NOT NULL DEFAULT 0,
    first_token_ms INTEGER,
    total_ms       INTEGER
);

CREATE INDEX requests_started ON requests (started_at);
-- What somebody has used today is counted with these.
CREATE INDEX requests_user ON requests (user, started_at);
CREATE INDEX requests_agent ON requests (agent, started_at);
CREATE INDEX requests_message ON requests (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX requests_running ON requests (id) WHERE outcome = 'running';

-- Answers that are given again, as JSON.
CREATE TABLE answers (
    key    TEXT    PRIMARY KEY,
    answer TEXT    NOT NULL,
    until  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX answers_until ON answers (until);

-- What people think of an answer: of one request, or of all requests of a message. It goes with
-- the requests it is about.
CREATE TABLE feedback (
    -- `request` or `message`, and which.
    subject TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    user    TEXT    NOT NULL,
    rating  TEXT    NOT NULL,
    comment TEXT,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (subject, name, user)
) WITHOUT ROWID;
