-- +goose Up
-- One text for both databases; see 0001. One more mark, which the loader replaces:
--   /*sqlite*/  a condition: whether this is SQLite.

-- When a sender first texted is read from its messages: a text need not write its row.
ALTER TABLE sender DROP COLUMN first_at;

-- On SQLite a message's place among its sender's is its number, which is given
-- out as it is committed. PostgreSQL's nodes take numbers ahead, and count on in
-- the sender's row.
UPDATE message SET seq = number WHERE /*sqlite*/ AND seq <> number;

-- With the state, the unread are counted without being read.
DROP INDEX notification_user;
CREATE INDEX notification_user ON notification (org_id, user_id, updated_at, state) WHERE state <> 'cleared';
