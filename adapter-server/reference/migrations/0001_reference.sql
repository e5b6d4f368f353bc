-- The reference storage. Rules for every table:
--   * org_id leads every key: nothing is reached without it;
--   * times are nanoseconds since 1970, sizes and flags are integers;
--   * a record is its protobuf message in `body`; only what a statement chooses by
--     has a column of its own;
--   * the large column of a row comes last, so that the others are read without it;
--   * text that a caller chooses freely may hold NUL, which PostgreSQL keeps in BLOB
--     alone; text that is ordered or ranged over is ORDERED_TEXT, compared by its bytes.
--
-- SQLite takes BLOB and ORDERED_TEXT as it takes any name of a type; PostgreSQL gets
-- domains of these names first.

CREATE TABLE harnesses (
    org_id    BIGINT NOT NULL,
    id        TEXT   NOT NULL,
    parent_id TEXT,
    body      BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE agents (
    org_id BIGINT NOT NULL,
    id     TEXT   NOT NULL,
    body   BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- The API key is sealed, never in the body.
CREATE TABLE models (
    org_id BIGINT NOT NULL,
    id     TEXT   NOT NULL,
    key_id TEXT,
    nonce  BLOB,
    sealed BLOB,
    body   BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE default_models (
    org_id   BIGINT NOT NULL PRIMARY KEY,
    model_id TEXT   NOT NULL,
    FOREIGN KEY (org_id, model_id) REFERENCES models (org_id, id)
);

CREATE TABLE sessions (
    org_id     BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body       BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- Apart from the session, so that an event does not write the session's body again.
CREATE TABLE session_sequences (
    org_id        BIGINT NOT NULL,
    session_id    TEXT   NOT NULL,
    last_sequence BIGINT NOT NULL,
    PRIMARY KEY (org_id, session_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE TABLE events (
    org_id     BIGINT NOT NULL,
    session_id TEXT   NOT NULL,
    sequence   BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    type       TEXT   NOT NULL,
    body       BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, sequence),
    UNIQUE (org_id, id)
);

-- The messages that events left behind, in the same order.
CREATE TABLE messages (
    org_id     BIGINT NOT NULL,
    session_id TEXT   NOT NULL,
    sequence   BIGINT NOT NULL,
    message_id TEXT   NOT NULL,
    event_id   TEXT   NOT NULL,
    event_type TEXT   NOT NULL,
    tool_name  TEXT,
    created_at BIGINT NOT NULL,
    search     TEXT   NOT NULL,
    body       BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, sequence),
    UNIQUE (org_id, message_id, session_id)
);

-- `content` is the text in UTF-8 or the decoded bytes; NULL for a directory.
CREATE TABLE files (
    org_id       BIGINT NOT NULL,
    session_id   TEXT   NOT NULL,
    path         ORDERED_TEXT NOT NULL,
    parent       ORDERED_TEXT NOT NULL,
    id           TEXT   NOT NULL,
    is_directory BIGINT NOT NULL,
    is_readonly  BIGINT NOT NULL,
    encoding     TEXT   NOT NULL,
    size_bytes   BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    content      BLOB,
    PRIMARY KEY (org_id, session_id, path),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE INDEX files_by_parent ON files (org_id, session_id, parent);

-- Keys and values are bytes: a key may hold NUL, and is ordered by its bytes.
CREATE TABLE session_values (
    org_id     BIGINT NOT NULL,
    session_id TEXT   NOT NULL,
    name       BLOB   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    value      BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, name),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE TABLE session_secrets (
    org_id     BIGINT NOT NULL,
    session_id TEXT   NOT NULL,
    name       BLOB   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    key_id     TEXT   NOT NULL,
    nonce      BLOB   NOT NULL,
    sealed     BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, name),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

-- Answers to changes by the caller's request id, written with the change.
CREATE TABLE replies (
    org_id     BIGINT NOT NULL,
    request_id TEXT   NOT NULL,
    method     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    body       BLOB   NOT NULL,
    PRIMARY KEY (org_id, request_id)
);

CREATE INDEX replies_by_age ON replies (created_at);
