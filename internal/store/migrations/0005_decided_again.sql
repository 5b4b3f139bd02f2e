-- +goose Up
-- What was decided again of late, by whomever: of its texts the figures are
-- counted anew. A text that comes in has the version 1 and no place in it.
CREATE INDEX message_decided_again ON message (org_id, decided_at, number, version) WHERE version > 1;

-- +goose Down
DROP INDEX message_decided_again;
