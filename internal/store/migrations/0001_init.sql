-- +goose Up
-- One text for both databases. Two marks, which the loader replaces:
--   /*clustered*/ after a table's closing bracket: SQLite keeps the table in its primary key's tree.
--   /*bytes*/     after a text column: PostgreSQL compares it byte by byte, as SQLite does.
-- Times are UTC microseconds. Ids are UUIDv7 in 32 hex digits, but an org's is
-- short, because every key begins with it. JSON is opaque text.

CREATE TABLE org (
    id               TEXT NOT NULL PRIMARY KEY,
    name             TEXT NOT NULL,
    region           TEXT NOT NULL,
    time_zone        TEXT NOT NULL,
    settings_version BIGINT NOT NULL,
    phone_fields     TEXT NOT NULL,
    unknown_numbers  TEXT NOT NULL,
    phone_metadata   TEXT NOT NULL, -- the number parser's version that record_number was made with
    next_number      BIGINT NOT NULL,
    bells_from       TEXT NOT NULL DEFAULT '', -- where settling the bells goes on after the recipients changed; '': done
    ready_at         BIGINT NOT NULL DEFAULT 0, -- when the store last proved that it can commit
    created_at       BIGINT NOT NULL
)/*clustered*/;

-- The table's name is plural because USER is a reserved word in PostgreSQL.
CREATE TABLE users (
    org_id        TEXT NOT NULL,
    id            TEXT NOT NULL,
    email         TEXT NOT NULL,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- '' until one is set
    active        BOOLEAN NOT NULL,
    theme         TEXT NOT NULL, -- '' follows the system, else light or dark
    keys_off      BOOLEAN NOT NULL, -- single-key shortcuts are switched off
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX users_email ON users (org_id, email);
CREATE UNIQUE INDEX users_id ON users (id);

CREATE TABLE one_time_link (
    org_id     TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    user_id    TEXT NOT NULL, -- '' for the set-up link
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL, -- 0 until then
    PRIMARY KEY (org_id, token_hash)
)/*clustered*/;
CREATE UNIQUE INDEX one_time_link_token ON one_time_link (token_hash);

-- A session is found before its org is known, so its key is the token's hash alone.
CREATE TABLE session (
    token_hash TEXT NOT NULL PRIMARY KEY,
    data       BYTEA NOT NULL,
    user_id    TEXT NOT NULL, -- who is signed in by it; '': nobody yet
    expires_at BIGINT NOT NULL
)/*clustered*/;
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_by_user ON session (user_id) WHERE user_id <> '';

CREATE TABLE api_key (
    org_id     TEXT NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    key_hash   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL, -- 0 while it works
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX api_key_hash ON api_key (key_hash);

CREATE TABLE channel (
    org_id           TEXT NOT NULL,
    id               TEXT NOT NULL,
    provider         TEXT NOT NULL,
    name             TEXT NOT NULL,
    region           TEXT NOT NULL,
    token_hash       TEXT NOT NULL,
    token_sealed     BYTEA NOT NULL,
    secret_sealed    BYTEA, -- NULL: no secret
    options          TEXT NOT NULL,
    authenticated_by TEXT NOT NULL, -- user id, '' until there is an admin
    called_at        BIGINT NOT NULL, -- when the provider last called, 0: never
    call_verdict     TEXT NOT NULL, -- of that call: ok, or what was wrong
    created_at       BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX channel_token ON channel (token_hash);

CREATE TABLE channel_number (
    org_id     TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    number     TEXT NOT NULL,
    found      BOOLEAN NOT NULL,
    position   BIGINT NOT NULL,
    PRIMARY KEY (org_id, channel_id, number)
)/*clustered*/;

CREATE TABLE record (
    org_id        TEXT NOT NULL,
    id            TEXT NOT NULL,
    object        TEXT NOT NULL,
    name          TEXT NOT NULL,
    name_key      TEXT /*bytes*/ NOT NULL, -- lower case, for sorting
    fields        TEXT NOT NULL,
    salesforce_id TEXT, -- NULL: not known there
    origin        TEXT NOT NULL,
    deleted       BOOLEAN NOT NULL,
    version       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE INDEX record_by_name ON record (org_id, object, deleted, name_key, id);

-- What matches a sender: each number of each phone field of a record that is
-- not deleted, and each number that a person linked to one (field 'link').
CREATE TABLE record_number (
    org_id    TEXT NOT NULL,
    match_key TEXT NOT NULL,
    record_id TEXT NOT NULL,
    field     TEXT NOT NULL,
    value     TEXT NOT NULL, -- as it stands in the record
    position  BIGINT NOT NULL, -- of the field among the object's phone fields; links come last
    object    TEXT NOT NULL, -- the record's, and
    name      TEXT NOT NULL, -- its name: so that a text is decided without reading the record
    PRIMARY KEY (org_id, match_key, record_id, field)
)/*clustered*/;
CREATE INDEX record_number_by_record ON record_number (org_id, record_id);

-- Senders that a record may have messages of although it does not match them:
-- a person placed one there, or the record lost the number. Together with
-- record_number this finds a record's messages by message_sender, and spares
-- every text an index of its own.
CREATE TABLE record_sender (
    org_id    TEXT NOT NULL,
    record_id TEXT NOT NULL,
    match_key TEXT NOT NULL,
    PRIMARY KEY (org_id, record_id, match_key)
)/*clustered*/;

-- What a reindex is about to change in record_number, number by number.
CREATE TABLE number_change (
    org_id    TEXT NOT NULL,
    match_key TEXT NOT NULL,
    record_id TEXT NOT NULL,
    field     TEXT NOT NULL,
    address   TEXT NOT NULL, -- the number; '' for one that goes
    value     TEXT NOT NULL,
    position  BIGINT NOT NULL,
    gone      BOOLEAN NOT NULL,
    version   BIGINT NOT NULL, -- the record's: another one makes this void
    PRIMARY KEY (org_id, match_key, record_id, field)
)/*clustered*/;

-- Phone fields that cannot be read, or not wholly.
CREATE TABLE rejected_number (
    org_id    TEXT NOT NULL,
    record_id TEXT NOT NULL,
    field     TEXT NOT NULL,
    value     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (org_id, record_id, field)
)/*clustered*/;

-- The words that a search finds a record by: of its name, e-mail, company, and the digits of its numbers.
CREATE TABLE record_word (
    org_id    TEXT NOT NULL,
    word      TEXT /*bytes*/ NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (org_id, word, record_id)
)/*clustered*/;
CREATE INDEX record_word_by_record ON record_word (org_id, record_id);

-- A number that a person linked to a record. It lasts while somebody asks for it (link_ask).
CREATE TABLE link (
    org_id      TEXT NOT NULL,
    id          TEXT NOT NULL,
    match_key   TEXT NOT NULL,
    address     TEXT NOT NULL,
    sender_kind TEXT NOT NULL,
    record_id   TEXT NOT NULL,
    by_id       TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    by_email    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX link_sender ON link (org_id, match_key, record_id);
CREATE INDEX link_record ON link (org_id, record_id);

-- Which placements asked for the link.
CREATE TABLE link_ask (
    org_id       TEXT NOT NULL,
    link_id      TEXT NOT NULL,
    placement_id TEXT NOT NULL,
    PRIMARY KEY (org_id, link_id, placement_id)
)/*clustered*/;

-- A number that we have heard of. Whatever reads or changes facts about a
-- number locks its row first. The waiting columns sum up its unassigned
-- messages; they are derived in every transaction that changes one.
CREATE TABLE sender (
    org_id             TEXT NOT NULL,
    match_key          TEXT NOT NULL,
    kind               TEXT NOT NULL,
    address            TEXT NOT NULL,
    seq                BIGINT NOT NULL,
    first_at           BIGINT NOT NULL, -- of its first text; 0: none yet
    opted_out          BOOLEAN NOT NULL DEFAULT FALSE,
    consent_at         BIGINT NOT NULL DEFAULT 0, -- of the wish that opted_out follows; 0: none
    blocked            BOOLEAN NOT NULL DEFAULT FALSE,
    blocked_reason     TEXT NOT NULL DEFAULT '',
    blocked_by         TEXT NOT NULL DEFAULT '',
    blocked_at         BIGINT NOT NULL DEFAULT 0,
    waiting            BIGINT NOT NULL DEFAULT 0,
    waiting_message_id TEXT NOT NULL DEFAULT '', -- the newest one
    waiting_at         BIGINT NOT NULL DEFAULT 0, -- its message time
    waiting_since      BIGINT NOT NULL DEFAULT 0, -- the oldest one's message time
    waiting_reason     TEXT NOT NULL DEFAULT '', -- the newest one's
    waiting_channel    TEXT NOT NULL DEFAULT '', -- the newest one's
    waiting_changed_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, match_key)
)/*clustered*/;
CREATE INDEX sender_waiting ON sender (org_id, waiting_at, match_key) WHERE waiting > 0;
CREATE INDEX sender_waiting_since ON sender (org_id, waiting_since, match_key) WHERE waiting > 0;
CREATE INDEX sender_waiting_reason ON sender (org_id, waiting_reason, waiting_at, match_key, waiting) WHERE waiting > 0;
CREATE INDEX sender_waiting_changed ON sender (org_id, waiting_changed_at) WHERE waiting_changed_at > 0;
CREATE INDEX sender_blocked ON sender (org_id, blocked_at) WHERE blocked;

-- Not clustered: texts come in the order of their ids, and to a table by row id
-- SQLite adds without rewriting its last pages. The indexes are a third shorter.
CREATE TABLE message (
    org_id              TEXT NOT NULL,
    id                  TEXT NOT NULL,
    number              BIGINT NOT NULL,
    direction           TEXT NOT NULL,
    channel_id          TEXT NOT NULL,
    account             TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    sender_key          TEXT NOT NULL,
    sender_kind         TEXT NOT NULL,
    sender              TEXT NOT NULL,
    ours                TEXT NOT NULL,
    body                TEXT NOT NULL,
    raw                 BYTEA, -- the body's bytes, where body had to be repaired
    media               TEXT, -- NULL: none
    sent_at             BIGINT NOT NULL, -- 0: the provider did not say
    received_at         BIGINT NOT NULL,
    message_time        BIGINT NOT NULL,
    seq                 BIGINT NOT NULL,
    state               TEXT NOT NULL,
    record_id           TEXT, -- set exactly while it is assigned
    reason              TEXT NOT NULL,
    rule_reason         TEXT NOT NULL, -- of the rule's last decision, and
    rule_record_id      TEXT NOT NULL, -- where that put it: how the rule's quality is seen
    decision            TEXT, -- NULL for outbound ones
    decided_at          BIGINT NOT NULL,
    placement_id        TEXT NOT NULL,
    version             BIGINT NOT NULL,
    flags               TEXT NOT NULL, -- separated by commas
    delivery            TEXT NOT NULL,
    twin                TEXT NOT NULL, -- the kind of callback that made it, where kinds have twins
    twin_joined         BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX message_number ON message (org_id, number, rule_reason); -- with the reason, texts are counted without being read
CREATE INDEX message_sender ON message (org_id, sender_key, record_id, message_time, seq);
CREATE INDEX message_not_assigned ON message (org_id, state, id) WHERE state <> 'assigned';
CREATE INDEX message_unassigned ON message (org_id, sender_key, channel_id, reason, message_time, seq, id) WHERE state = 'unassigned' AND direction = 'inbound';
CREATE INDEX message_by_person ON message (org_id, decided_at) WHERE reason = 'person';

-- A provider's message is stored once: this key decides, for ever. It outlives the message.
CREATE TABLE receipt (
    org_id              TEXT NOT NULL,
    provider            TEXT NOT NULL,
    account             TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    message_id          TEXT NOT NULL,
    PRIMARY KEY (org_id, provider, account, provider_message_id)
)/*clustered*/;

CREATE TABLE notification (
    org_id      TEXT NOT NULL,
    id          TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    match_key   TEXT NOT NULL,
    sender_kind TEXT NOT NULL,
    sender      TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    count       BIGINT NOT NULL,
    state       TEXT NOT NULL,
    body        TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    raised      BIGINT NOT NULL DEFAULT 1, -- how often it became unread
    told        BIGINT NOT NULL DEFAULT 0, -- which of these times the org's webhook has taken
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX notification_open ON notification (org_id, match_key, user_id) WHERE state <> 'cleared';
CREATE INDEX notification_open_by_id ON notification (org_id, id) WHERE state <> 'cleared';
CREATE INDEX notification_user ON notification (org_id, user_id, updated_at) WHERE state <> 'cleared';
CREATE INDEX notification_updated ON notification (org_id, updated_at);

-- What has to happen outside the database. A job carries an id; the worker reads the current state.
CREATE TABLE outbox (
    org_id       TEXT NOT NULL,
    id           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    job_key      TEXT NOT NULL, -- doing two jobs of one key has the effect of one
    subject_id   TEXT NOT NULL,
    attempts     BIGINT NOT NULL,
    due_at       BIGINT NOT NULL, -- while it is held: when the lease ends
    lease        TEXT NOT NULL, -- who holds it: the fencing token; '': nobody
    again        BOOLEAN NOT NULL, -- it was asked for once more while somebody held it
    dead         BOOLEAN NOT NULL,
    last_error   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX outbox_key ON outbox (org_id, kind, job_key) WHERE NOT dead;
CREATE INDEX outbox_due ON outbox (kind, due_at) WHERE NOT dead;

-- The org's webhook: who outside is told that a text waits. An org has at most one.
CREATE TABLE endpoint (
    org_id        TEXT NOT NULL,
    id            TEXT NOT NULL,
    url_sealed    BYTEA NOT NULL, -- who knows it may be able to post there
    secret_sealed BYTEA NOT NULL,
    called_at     BIGINT NOT NULL, -- when it was last called, 0: never
    verdict       TEXT NOT NULL, -- of that call: ok, or what was wrong
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX endpoint_org ON endpoint (org_id);

CREATE TABLE undo (
    org_id     TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    payload    TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, token_hash)
)/*clustered*/;
CREATE INDEX undo_expiry ON undo (expires_at);

-- Every change that a person makes. Rows are only ever added.
CREATE TABLE audit (
    org_id     TEXT NOT NULL,
    id         TEXT NOT NULL,
    at         BIGINT NOT NULL,
    actor_id   TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail     TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE INDEX audit_subject ON audit (org_id, subject_id, id);

-- What arrived authentic but could not be read.
CREATE TABLE quarantine (
    org_id      TEXT NOT NULL,
    id          TEXT NOT NULL,
    channel_id  TEXT NOT NULL,
    same        TEXT NOT NULL, -- what a repeat of the request has in common with it
    provider    TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    size        BIGINT NOT NULL,
    request     BYTEA NOT NULL, -- sealed
    replayed_at BIGINT NOT NULL, -- 0 until then
    PRIMARY KEY (org_id, id)
)/*clustered*/;
CREATE UNIQUE INDEX quarantine_same ON quarantine (org_id, channel_id, same);

-- +goose Down
DROP TABLE quarantine;
DROP TABLE audit;
DROP TABLE undo;
DROP TABLE endpoint;
DROP TABLE outbox;
DROP TABLE notification;
DROP TABLE receipt;
DROP TABLE message;
DROP TABLE sender;
DROP TABLE link_ask;
DROP TABLE link;
DROP TABLE record_word;
DROP TABLE rejected_number;
DROP TABLE record_sender;
DROP TABLE number_change;
DROP TABLE record_number;
DROP TABLE record;
DROP TABLE channel_number;
DROP TABLE channel;
DROP TABLE api_key;
DROP TABLE session;
DROP TABLE one_time_link;
DROP TABLE users;
DROP TABLE org;
