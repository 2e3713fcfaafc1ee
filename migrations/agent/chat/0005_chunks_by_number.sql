-- Chunks of one turn at a time are kept, so their number is key enough. A table with such a key grows
-- at its end, a page at a time; without, each batch moved rows between pages.
CREATE TABLE domovoi_chunks_new (
    -- Number of the first chunk.
    first   INTEGER PRIMARY KEY,
    turn_id TEXT    NOT NULL,
    -- One chunk a line; JSON has no line breaks of its own.
    bodies  TEXT    NOT NULL
);

INSERT INTO domovoi_chunks_new (first, turn_id, bodies)
    SELECT first, turn_id, bodies FROM domovoi_chunks
    WHERE turn_id = (SELECT id FROM domovoi_turns WHERE message_id <> '' ORDER BY rowid DESC LIMIT 1);
DROP TABLE domovoi_chunks;
ALTER TABLE domovoi_chunks_new RENAME TO domovoi_chunks;
