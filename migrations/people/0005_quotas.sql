-- What people may use of models, where they have limits of their own, as JSON.
CREATE TABLE quotas (
    person TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    limits TEXT NOT NULL
) WITHOUT ROWID;
