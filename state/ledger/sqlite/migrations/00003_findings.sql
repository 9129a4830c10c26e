-- What was found out about wrong signatures, and how far long readings got.

-- +goose Up

ALTER TABLE evidence ADD COLUMN signature TEXT NOT NULL DEFAULT ''; -- JSON of a client.Inspection; '' when the signature was right
ALTER TABLE inbox    ADD COLUMN signature TEXT NOT NULL DEFAULT '';

CREATE TABLE bookmark (
    profile TEXT NOT NULL,
    name    TEXT NOT NULL, -- what is being read
    place   TEXT NOT NULL, -- where to go on; its reader's own form
    PRIMARY KEY (profile, name)
) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE bookmark;
ALTER TABLE inbox    DROP COLUMN signature;
ALTER TABLE evidence DROP COLUMN signature;
