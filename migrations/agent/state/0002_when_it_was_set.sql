-- When the state was set, in microseconds since 1970, and later than the one before it: of the state
-- here and one in the log of states the later one counts.
ALTER TABLE domovoi_state ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
