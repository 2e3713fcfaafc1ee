-- Messages of instructions are always told to a model, however long ago they were written. There are
-- few or none, so this costs nothing and saves looking at every message.
CREATE INDEX domovoi_messages_system ON domovoi_messages (role) WHERE active AND role = 'system';
