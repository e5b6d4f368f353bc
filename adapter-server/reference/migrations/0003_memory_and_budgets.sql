-- Memories, budgets, and limits on calls of tools that reach outside.

CREATE TABLE memory_stores (
    org_id     BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    is_default BIGINT NOT NULL,
    body       BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE UNIQUE INDEX default_memory_stores ON memory_stores (org_id) WHERE is_default = 1;

-- `body` is the memory without its further pieces, `parts` are those: some MiB of images
-- that a search must not read.
CREATE TABLE memories (
    org_id     BIGINT NOT NULL,
    store_id   TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    active     BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    importance BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    body       BLOB   NOT NULL,
    parts      BLOB   NOT NULL,
    PRIMARY KEY (org_id, store_id, id),
    FOREIGN KEY (org_id, store_id) REFERENCES memory_stores (org_id, id)
);

CREATE INDEX memories_recalled ON memories (org_id, active, importance, created_at);

CREATE TABLE budgets (
    org_id       BIGINT           NOT NULL,
    id           TEXT             NOT NULL,
    subject_type BIGINT           NOT NULL,
    subject_id   BLOB             NOT NULL,
    currency     BLOB             NOT NULL,
    balance      DOUBLE PRECISION NOT NULL,
    body         BLOB             NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE rate_limits (
    org_id         BIGINT NOT NULL PRIMARY KEY,
    max_calls      BIGINT NOT NULL,
    window_seconds BIGINT NOT NULL
);
