-- +goose Up
-- One text for both databases; see 0001 and 0003.

-- A record's words stand in its row, sorted and each between spaces: so they are
-- found again when it changes, and no index has to hold all of them once more.
ALTER TABLE record ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE record SET words = COALESCE((SELECT ' ' || STRING_AGG(w.word, ' ' ORDER BY w.word) || ' ' FROM record_word w
    WHERE w.org_id = record.org_id AND w.record_id = record.id), '');
DROP INDEX record_word_by_record;
