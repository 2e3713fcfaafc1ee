-- What a token is good for, by name and with a space between. Those from before there were scopes
-- are good for what they were.
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'models';
