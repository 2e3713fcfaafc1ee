-- What people are told of a turn that failed. Of an answer that was not begun nothing else is kept.
ALTER TABLE domovoi_turns ADD COLUMN error TEXT;
-- Position of the message that was the newest when the turn began.
ALTER TABLE domovoi_turns ADD COLUMN asked INTEGER;
