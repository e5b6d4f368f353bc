-- Leases, registered resources and schedules. What names them is the callers' own
-- choice, and so bytes.

CREATE TABLE leased_resources (
    org_id        BIGINT NOT NULL,
    session_id    TEXT   NOT NULL,
    provider      BLOB   NOT NULL,
    resource_type BLOB   NOT NULL,
    external_id   BLOB   NOT NULL,
    created_at    BIGINT NOT NULL,
    body          BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, provider, resource_type, external_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE TABLE session_resources (
    org_id      BIGINT NOT NULL,
    session_id  TEXT   NOT NULL,
    resource_id BLOB   NOT NULL,
    kind        BLOB   NOT NULL,
    status      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    body        BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, resource_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

-- `next_trigger_at` is set as long as the schedule is enabled and fires again.
CREATE TABLE session_schedules (
    org_id          BIGINT NOT NULL,
    session_id      TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    enabled         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    next_trigger_at BIGINT,
    body            BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE INDEX session_schedules_due ON session_schedules (next_trigger_at);
