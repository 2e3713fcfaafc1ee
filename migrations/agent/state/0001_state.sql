-- The state as JSON; one row.
CREATE TABLE domovoi_state (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value TEXT NOT NULL
);
