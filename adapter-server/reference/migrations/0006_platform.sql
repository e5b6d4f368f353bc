-- What the platform store lists and looks up. The rules of 0001_reference.sql hold.

-- Harnesses and agents by name. A name is what people write, and so bytes: it may
-- hold NUL, and is ordered by its bytes.
CREATE TABLE catalog (
    org_id BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    id     TEXT   NOT NULL,
    status TEXT   NOT NULL,
    name   BLOB   NOT NULL,
    PRIMARY KEY (org_id, kind, id)
);

CREATE INDEX catalog_by_name ON catalog (org_id, kind, name, id);

-- Apps with their channels, whose configurations are secrets: such a body is sealed.
CREATE TABLE apps (
    org_id BIGINT NOT NULL,
    id     TEXT   NOT NULL,
    status TEXT   NOT NULL,
    name   BLOB   NOT NULL,
    body   BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE INDEX apps_by_name ON apps (org_id, name, id);

-- Apart from the session, whose status does not say that it is archived.
CREATE TABLE session_index (
    org_id      BIGINT NOT NULL,
    session_id  TEXT   NOT NULL,
    agent_id    TEXT,
    created_at  BIGINT NOT NULL,
    archived_at BIGINT,
    PRIMARY KEY (org_id, session_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE INDEX session_index_by_age ON session_index (org_id, created_at, session_id);
