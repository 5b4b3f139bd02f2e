-- +goose Up
-- The org's Salesforce: one connection at most. A row stays when it is
-- disconnected, so that nobody connects another Salesforce org by mistake.
CREATE TABLE salesforce (
    org_id             TEXT NOT NULL PRIMARY KEY,
    settings           TEXT NOT NULL, -- how to get in, and what is synced: JSON
    secret_sealed      BYTEA, -- NULL: disconnected
    user_id            TEXT NOT NULL, -- who is tied to the Salesforce user below
    salesforce_user_id TEXT NOT NULL,
    salesforce_org_id  TEXT NOT NULL,
    status             TEXT NOT NULL, -- ok, or what is wrong
    status_at          BIGINT NOT NULL,
    synced_at          BIGINT NOT NULL DEFAULT 0, -- when a whole cycle last ended well
    calls_used         BIGINT NOT NULL DEFAULT 0, -- of the API in 24 hours, as Salesforce last said
    calls_max          BIGINT NOT NULL DEFAULT 0,
    calls_at           BIGINT NOT NULL DEFAULT 0,
    parked_until       BIGINT NOT NULL DEFAULT 0, -- no call before: the limit is used up
    away_since         BIGINT NOT NULL DEFAULT 0, -- when it was last disconnected; 0: never
    missing_records    TEXT NOT NULL DEFAULT '', -- up to which id those that were here before have been asked for; '-': all
    missing_messages   TEXT NOT NULL DEFAULT '',
    unknown_numbers    TEXT NOT NULL DEFAULT '', -- the org's setting as it was last read: JSON
    reader             TEXT NOT NULL DEFAULT '', -- who reads from it just now; '': nobody
    reader_until       BIGINT NOT NULL DEFAULT 0,
    created_at         BIGINT NOT NULL
)/*clustered*/;

-- How far each object has been read.
CREATE TABLE salesforce_cursor (
    org_id      TEXT NOT NULL,
    object      TEXT NOT NULL,
    stamp       BIGINT NOT NULL, -- SystemModstamp: everything before it has been read
    load_since  BIGINT NOT NULL, -- when the first load began; 0: it did not
    load_job    TEXT NOT NULL, -- the running one's
    load_next   TEXT NOT NULL, -- where it goes on
    load_rows   BIGINT NOT NULL, -- so far
    load_total  BIGINT NOT NULL, -- 0: not known yet
    loaded_at   BIGINT NOT NULL, -- 0: the first load is not done
    fields      TEXT NOT NULL, -- that were read by it, separated by spaces
    compared_at BIGINT NOT NULL, -- when all ids were last compared
    replay      BYTEA, -- where the stream of changes goes on
    PRIMARY KEY (org_id, object)
)/*clustered*/;

-- A record as both sides last agreed on it.
CREATE TABLE record_sync (
    org_id        TEXT NOT NULL,
    record_id     TEXT NOT NULL,
    object        TEXT NOT NULL,
    salesforce_id TEXT /*bytes*/, -- NULL: not there yet
    base          TEXT NOT NULL, -- the fields, by our ids
    base_deleted  BOOLEAN NOT NULL,
    stamp         BIGINT NOT NULL, -- SystemModstamp when it was last read; 0: never
    sending       TEXT NOT NULL, -- fields on their way: the outcome is not known; '': none
    sent_at       BIGINT NOT NULL, -- when something last left for Salesforce
    noted_at      BIGINT NOT NULL, -- when the last answer was written down
    merged_into   TEXT NOT NULL, -- the record that stands for this one; '': none
    error         TEXT NOT NULL, -- why Salesforce refused it; a sentence
    error_field   TEXT NOT NULL,
    matches       TEXT NOT NULL, -- Salesforce ids of likely duplicates, separated by spaces
    error_at      BIGINT NOT NULL, -- 0: it was not refused
    PRIMARY KEY (org_id, record_id)
)/*clustered*/;
CREATE UNIQUE INDEX record_sync_salesforce ON record_sync (org_id, salesforce_id);
CREATE INDEX record_sync_error ON record_sync (org_id, error_at) WHERE error_at > 0;

-- A message as Salesforce has it.
CREATE TABLE message_sync (
    org_id      TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    sms_id      TEXT NOT NULL, -- '': not there yet
    hash        TEXT NOT NULL, -- of what it was last given
    seen        TEXT NOT NULL, -- the lookups that it had there last: object and Salesforce id by turns
    sent        TEXT NOT NULL, -- the lookups that we last sent
    sent_at     BIGINT NOT NULL,
    noted_at    BIGINT NOT NULL,
    error       TEXT NOT NULL,
    PRIMARY KEY (org_id, message_id)
)/*clustered*/;

-- The users of the Salesforce org.
CREATE TABLE salesforce_user (
    org_id        TEXT NOT NULL,
    salesforce_id TEXT NOT NULL,
    email         TEXT NOT NULL, -- lower case
    name          TEXT NOT NULL,
    active        BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, salesforce_id)
)/*clustered*/;
CREATE INDEX salesforce_user_email ON salesforce_user (org_id, email);

-- The API calls that we made, by day and purpose.
CREATE TABLE salesforce_calls (
    org_id  TEXT NOT NULL,
    day     TEXT NOT NULL, -- UTC
    purpose TEXT NOT NULL,
    calls   BIGINT NOT NULL,
    PRIMARY KEY (org_id, day, purpose)
)/*clustered*/;

ALTER TABLE notification ADD COLUMN rang_at BIGINT NOT NULL DEFAULT 0; -- when it rang in Salesforce; 0: it did not

-- +goose Down
ALTER TABLE notification DROP COLUMN rang_at;
DROP TABLE salesforce_calls;
DROP TABLE salesforce_user;
DROP TABLE message_sync;
DROP TABLE record_sync;
DROP TABLE salesforce_cursor;
DROP TABLE salesforce;
