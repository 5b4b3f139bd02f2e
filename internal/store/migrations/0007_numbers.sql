-- +goose Up
-- One text for both databases; see 0001 and 0003. One more mark, which the
-- loader replaces:
--   /*postgres*/  before a statement of one line: SQLite does without it.

-- A number has one word, its digits from the last to the first behind a "-". How
-- it begins is found in record_number, where SQLite needs no further index for it.
/*postgres*/ CREATE INDEX record_number_begins ON record_number (org_id, match_key COLLATE "C", record_id) WHERE field <> 'link';

INSERT INTO record_word (org_id, word, record_id)
    SELECT DISTINCT org_id, '-' || SUBSTR(match_key, 16, 1) || SUBSTR(match_key, 15, 1) || SUBSTR(match_key, 14, 1) || SUBSTR(match_key, 13, 1) || SUBSTR(match_key, 12, 1)
        || SUBSTR(match_key, 11, 1) || SUBSTR(match_key, 10, 1) || SUBSTR(match_key, 9, 1) || SUBSTR(match_key, 8, 1) || SUBSTR(match_key, 7, 1)
        || SUBSTR(match_key, 6, 1) || SUBSTR(match_key, 5, 1) || SUBSTR(match_key, 4, 1) || SUBSTR(match_key, 3, 1) || SUBSTR(match_key, 2, 1), record_id
    FROM record_number WHERE field <> 'link';

-- In a record's row the words that stand in record_word come first, sorted, and
-- behind a "|" those that only tell whether it has all words of a search. All
-- that are there so far begin with a letter or a digit, and so sort after "-".
UPDATE record SET words = (SELECT ' ' || STRING_AGG(n.word, ' ' ORDER BY n.word /*bytes*/) FROM (
        SELECT DISTINCT '-' || SUBSTR(match_key, 16, 1) || SUBSTR(match_key, 15, 1) || SUBSTR(match_key, 14, 1) || SUBSTR(match_key, 13, 1) || SUBSTR(match_key, 12, 1)
            || SUBSTR(match_key, 11, 1) || SUBSTR(match_key, 10, 1) || SUBSTR(match_key, 9, 1) || SUBSTR(match_key, 8, 1) || SUBSTR(match_key, 7, 1)
            || SUBSTR(match_key, 6, 1) || SUBSTR(match_key, 5, 1) || SUBSTR(match_key, 4, 1) || SUBSTR(match_key, 3, 1) || SUBSTR(match_key, 2, 1) AS word
        FROM record_number WHERE org_id = record.org_id AND record_id = record.id AND field <> 'link') n)
    || COALESCE(NULLIF(words, ''), ' ') || '| '
    || (SELECT STRING_AGG(n.match_key, ' ' ORDER BY n.match_key /*bytes*/) FROM (
        SELECT DISTINCT match_key FROM record_number WHERE org_id = record.org_id AND record_id = record.id AND field <> 'link') n) || ' '
WHERE EXISTS (SELECT 1 FROM record_number n WHERE n.org_id = record.org_id AND n.record_id = record.id AND n.field <> 'link');
UPDATE record SET words = words || '| ' WHERE words <> '' AND words NOT LIKE '%|%';
