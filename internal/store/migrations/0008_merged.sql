-- +goose Up

-- Few records have been merged: whether one stands for another is looked up here.
CREATE INDEX record_sync_merged ON record_sync (org_id, merged_into) WHERE merged_into <> '';

-- +goose Down
DROP INDEX record_sync_merged;
