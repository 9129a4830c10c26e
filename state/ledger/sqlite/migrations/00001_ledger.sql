-- Times are microseconds since 1970 in UTC, 0 when unknown. Amounts are minor
-- units with exp decimals; amount_e4 is the same amount in ten-thousandths of
-- a major unit, so that amounts of all currencies sort and compare as numbers.

-- +goose Up

CREATE TABLE orders (
    id         INTEGER PRIMARY KEY,
    profile    TEXT    NOT NULL,
    gateway    TEXT    NOT NULL,
    order_no   TEXT    NOT NULL COLLATE NOCASE,
    gateway_no TEXT    NOT NULL COLLATE NOCASE,
    channel_no TEXT    NOT NULL COLLATE NOCASE,
    user_id    TEXT    NOT NULL COLLATE NOCASE,
    amount     INTEGER NOT NULL,
    currency   TEXT    NOT NULL,
    exp        INTEGER NOT NULL CHECK (exp BETWEEN 0 AND 4),
    amount_e4  INTEGER NOT NULL,
    status     TEXT    NOT NULL,
    method     TEXT    NOT NULL COLLATE NOCASE,
    brand      TEXT    NOT NULL COLLATE NOCASE,
    card       TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    fail_code  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    paid_at    INTEGER NOT NULL,
    placed_at  INTEGER NOT NULL, -- created, else paid, else first seen
    seek       INTEGER NOT NULL, -- unique and in the order of placed_at: milliseconds << 21 | a running number
    refunded   INTEGER NOT NULL DEFAULT 0, -- kept from the refunds, as are the next three
    reserved   INTEGER NOT NULL DEFAULT 0,
    open_refund TEXT   NOT NULL DEFAULT '',
    open_status TEXT   NOT NULL DEFAULT '',
    source     TEXT    NOT NULL,
    history_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX orders_number   ON orders (order_no, profile);
CREATE UNIQUE INDEX orders_seek     ON orders (seek);
CREATE INDEX orders_gateway_no      ON orders (gateway_no) WHERE gateway_no <> '';
CREATE INDEX orders_channel_no      ON orders (channel_no) WHERE channel_no <> '';
CREATE INDEX orders_user            ON orders (user_id, seek DESC);
CREATE INDEX orders_status          ON orders (status, seek DESC);
CREATE INDEX orders_currency        ON orders (currency, seek DESC);
CREATE INDEX orders_profile         ON orders (profile, seek DESC);
CREATE INDEX orders_amount          ON orders (amount_e4);
CREATE INDEX orders_paid            ON orders (paid_at);
CREATE INDEX orders_updated         ON orders (updated_at);
CREATE INDEX orders_open            ON orders (open_status, seek) WHERE open_status <> '';
CREATE INDEX orders_refunded        ON orders (seek) WHERE refunded > 0;
CREATE INDEX orders_note            ON orders (seek) WHERE note <> '';

-- How many orders there are, so that counting a million takes no time.
CREATE TABLE totals (
    profile TEXT    NOT NULL,
    gateway TEXT    NOT NULL,
    orders  INTEGER NOT NULL,
    PRIMARY KEY (profile, gateway)
) STRICT, WITHOUT ROWID;

-- The search index; rowid is orders.seek, so that matches come out in the
-- order of the list. The default detail is kept: without positions there are
-- no phrases, and every word is a phrase of trigrams.
CREATE VIRTUAL TABLE search USING fts5 (
    words, tags, content = '', contentless_delete = 1, tokenize = 'trigram'
);
INSERT INTO search (search, rank) VALUES ('hashsize', 8388608); -- gather more of an import before writing

CREATE TABLE refunds (
    id              INTEGER PRIMARY KEY,
    order_id        INTEGER NOT NULL REFERENCES orders (id),
    profile         TEXT    NOT NULL,
    gateway         TEXT    NOT NULL,
    merchant        TEXT    NOT NULL,
    refund_no       TEXT    NOT NULL COLLATE NOCASE,
    gateway_no      TEXT    NOT NULL COLLATE NOCASE,
    order_no        TEXT    NOT NULL COLLATE NOCASE,
    amount          INTEGER NOT NULL,
    currency        TEXT    NOT NULL,
    exp             INTEGER NOT NULL CHECK (exp BETWEEN 0 AND 4),
    amount_e4       INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    fail_code       TEXT    NOT NULL,
    settled_at      INTEGER NOT NULL,
    attempt         INTEGER NOT NULL,
    reason          TEXT    NOT NULL,
    note            TEXT    NOT NULL,
    agent           TEXT    NOT NULL COLLATE NOCASE,
    plan_hash       TEXT    NOT NULL,
    made_elsewhere  INTEGER NOT NULL,
    no_record       INTEGER NOT NULL,
    refused         INTEGER NOT NULL,
    alert           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    confirmed_at    INTEGER NOT NULL,
    held_until      INTEGER NOT NULL,
    sent_at         INTEGER NOT NULL,
    last_sent_at    INTEGER NOT NULL,
    sends           INTEGER NOT NULL,
    checks          INTEGER NOT NULL,
    not_found       INTEGER NOT NULL,
    not_found_since INTEGER NOT NULL,
    next_check_at   INTEGER NOT NULL,
    last_code       TEXT    NOT NULL,
    last_message    TEXT    NOT NULL,
    last_verified   INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    queue           INTEGER NOT NULL -- the order of the list: oldest worry first, then settled, newest first
) STRICT;

-- At most one open refund per order, whoever asks (reliability: I5).
CREATE UNIQUE INDEX refunds_one_open ON refunds (order_id)
    WHERE status IN ('held', 'intent', 'sending', 'unknown', 'pending');
-- A number serves again only when nothing was sent under it or nothing of it
-- is left at the gateway (reliability: I3).
CREATE UNIQUE INDEX refunds_number ON refunds (refund_no, gateway, merchant)
    WHERE status <> 'cancelled' AND no_record = 0;
CREATE INDEX refunds_any_number ON refunds (refund_no);
CREATE INDEX refunds_gateway_no ON refunds (gateway_no) WHERE gateway_no <> '';
CREATE INDEX refunds_order      ON refunds (order_id);
CREATE INDEX refunds_queue      ON refunds (queue);
CREATE INDEX refunds_status     ON refunds (status, queue);
CREATE INDEX refunds_profile    ON refunds (profile, queue);
CREATE INDEX refunds_agent      ON refunds (agent, queue);
CREATE INDEX refunds_created    ON refunds (created_at);
CREATE INDEX refunds_amount     ON refunds (amount_e4);
CREATE INDEX refunds_updated    ON refunds (updated_at);
CREATE INDEX refunds_alert      ON refunds (profile) WHERE alert <> '';
CREATE INDEX refunds_day        ON refunds (profile, currency, created_at);
CREATE INDEX refunds_due        ON refunds (next_check_at) WHERE next_check_at > 0;
CREATE INDEX refunds_due_of     ON refunds (profile, next_check_at) WHERE next_check_at > 0;

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY,
    profile    TEXT    NOT NULL,
    gateway    TEXT    NOT NULL,
    token      TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    method     TEXT    NOT NULL,
    brand      TEXT    NOT NULL,
    card       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX tokens_token ON tokens (token, profile);
CREATE INDEX tokens_user         ON tokens (user_id, seen_at);
CREATE INDEX tokens_seen         ON tokens (seen_at);

CREATE TABLE unbinds (
    id            INTEGER PRIMARY KEY,
    profile       TEXT    NOT NULL,
    gateway       TEXT    NOT NULL,
    token         TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    agent         TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    settled_at    INTEGER NOT NULL,
    checks        INTEGER NOT NULL,
    next_check_at INTEGER NOT NULL,
    last_code     TEXT    NOT NULL,
    last_message  TEXT    NOT NULL,
    last_verified INTEGER NOT NULL,
    last_at       INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX unbinds_one_open ON unbinds (token, profile)
    WHERE status IN ('intent', 'sending', 'unknown');
CREATE INDEX unbinds_due ON unbinds (next_check_at) WHERE next_check_at > 0;

-- The audit chain. at is exact to the microsecond: the digest covers it.
CREATE TABLE journal (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    mono    INTEGER NOT NULL, -- nanoseconds
    profile TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    agent   TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    prev    TEXT    NOT NULL,
    digest  TEXT    NOT NULL
) STRICT;

CREATE INDEX journal_subject ON journal (subject);
CREATE INDEX journal_kind    ON journal (kind);

-- +goose StatementBegin
CREATE TRIGGER journal_in_line BEFORE INSERT ON journal
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
-- +goose StatementEnd

CREATE TABLE evidence (
    id            INTEGER PRIMARY KEY,
    profile       TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    operation     TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    url           TEXT    NOT NULL,
    http_status   INTEGER NOT NULL,
    code          TEXT    NOT NULL,
    message       TEXT    NOT NULL,
    verified      INTEGER NOT NULL,
    request       BLOB    NOT NULL,
    answer        BLOB    NOT NULL,
    request_hash  TEXT    NOT NULL,
    answer_hash   TEXT    NOT NULL,
    request_bytes INTEGER NOT NULL
) STRICT;

CREATE INDEX evidence_subject ON evidence (subject, id);
CREATE INDEX evidence_at      ON evidence (at);

-- +goose Down

DROP TABLE evidence;
DROP TABLE journal;
DROP TABLE unbinds;
DROP TABLE tokens;
DROP TABLE refunds;
DROP TABLE search;
DROP TABLE totals;
DROP TABLE orders;
