-- Callbacks: one row for each that is different, however often it came.

-- +goose Up

CREATE TABLE inbox (
    id                INTEGER PRIMARY KEY,
    profile           TEXT    NOT NULL,
    gateway           TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    event             TEXT    NOT NULL,
    merchant          TEXT    NOT NULL,
    app_id            TEXT    NOT NULL,
    subject           TEXT    NOT NULL COLLATE NOCASE,
    order_no          TEXT    NOT NULL,
    gateway_order_no  TEXT    NOT NULL,
    refund_no         TEXT    NOT NULL,
    gateway_refund_no TEXT    NOT NULL,
    token             TEXT    NOT NULL,
    user_id           TEXT    NOT NULL,
    status            TEXT    NOT NULL,
    said              TEXT    NOT NULL,
    fail_code         TEXT    NOT NULL,
    amount            INTEGER NOT NULL,
    currency          TEXT    NOT NULL, -- '' when it said no amount
    exp               INTEGER NOT NULL,
    said_at           INTEGER NOT NULL,
    digest            TEXT    NOT NULL,
    body_hash         TEXT    NOT NULL,
    verified          INTEGER NOT NULL,
    reason            TEXT    NOT NULL,
    body              BLOB    NOT NULL, -- redacted
    orphan            INTEGER NOT NULL,
    received_at       INTEGER NOT NULL,
    last_at           INTEGER NOT NULL,
    times             INTEGER NOT NULL,
    checks            INTEGER NOT NULL,
    next_check_at     INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX inbox_digest ON inbox (digest, profile);
CREATE INDEX inbox_subject       ON inbox (subject, id) WHERE subject <> '';
CREATE INDEX inbox_profile       ON inbox (profile, id);
CREATE INDEX inbox_doubtful      ON inbox (profile, id) WHERE verified = 0;
CREATE INDEX inbox_due           ON inbox (next_check_at) WHERE next_check_at > 0;

-- +goose Down

DROP TABLE inbox;
