-- +goose Up
-- The user of the Salesforce org whom we last made the owner of a message's row
-- there; '': it was left to whoever makes rows, the connection's own.
ALTER TABLE message_sync ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE message_sync DROP COLUMN owner;
