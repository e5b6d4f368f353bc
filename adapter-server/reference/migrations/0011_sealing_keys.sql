-- The keys that something may be sealed with, by name: a start with other keys is
-- noticed at once. Of the whole database, not of an org.
CREATE TABLE sealing_keys (
    key_id     TEXT   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);
