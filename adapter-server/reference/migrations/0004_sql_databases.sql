-- SQL databases of sessions. Each is a whole SQLite database, kept as the bytes of its
-- file in chunks of one size; a change writes the chunks that differ. `version` is a
-- fresh UUID with every change.
CREATE TABLE sql_databases (
    org_id     BIGINT       NOT NULL,
    session_id TEXT         NOT NULL,
    name       ORDERED_TEXT NOT NULL,
    version    TEXT         NOT NULL,
    created_at BIGINT       NOT NULL,
    updated_at BIGINT       NOT NULL,
    size_bytes BIGINT       NOT NULL,
    page_count BIGINT       NOT NULL,
    PRIMARY KEY (org_id, session_id, name),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE TABLE sql_database_chunks (
    org_id     BIGINT       NOT NULL,
    session_id TEXT         NOT NULL,
    name       ORDERED_TEXT NOT NULL,
    position   BIGINT       NOT NULL,
    content    BLOB         NOT NULL,
    PRIMARY KEY (org_id, session_id, name, position),
    FOREIGN KEY (org_id, session_id, name) REFERENCES sql_databases (org_id, session_id, name)
);
