"""The tables. Texts of callers are BYTEA: PostgreSQL's TEXT cannot hold NUL, which the
contract allows."""

# How many events a session has. Its row is locked while an event is stored, so that the
# numbers have no gaps and become visible in their order.
SESSIONS = """
CREATE TABLE IF NOT EXISTS sessions (
    org BIGINT NOT NULL,
    session UUID NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (org, session)
)"""

# An event and the message that it leaves behind are one row: neither is there without the
# other. `envelope` and `message` are records of the contract, encoded; `envelope` has no
# data.
EVENTS = """
CREATE TABLE IF NOT EXISTS events (
    org BIGINT NOT NULL,
    session UUID NOT NULL,
    sequence BIGINT NOT NULL,
    id UUID NOT NULL,
    type BYTEA NOT NULL,
    data BYTEA NOT NULL,
    envelope BYTEA NOT NULL,
    message_id UUID,
    message BYTEA,
    created_seconds BIGINT,
    created_nanos INTEGER,
    tool BYTEA,
    first_text BYTEA,
    PRIMARY KEY (org, session, sequence),
    CONSTRAINT events_id UNIQUE (org, id)
)"""
MESSAGE_IDS = """
CREATE UNIQUE INDEX IF NOT EXISTS events_message_id ON events (org, session, message_id)
    WHERE message_id IS NOT NULL"""
MESSAGES = """
CREATE INDEX IF NOT EXISTS events_messages ON events (org, session, sequence)
    WHERE message_id IS NOT NULL"""

STORES = """
CREATE TABLE IF NOT EXISTS memory_stores (
    org BIGINT NOT NULL,
    id UUID NOT NULL,
    org_public_id TEXT NOT NULL,
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created TIMESTAMPTZ NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (org, id)
)"""
DEFAULT_STORES = """
CREATE UNIQUE INDEX IF NOT EXISTS memory_stores_default ON memory_stores (org)
    WHERE is_default"""

# `folded` holds content and tags in one case, `words` the same as one text without NUL, for
# the index.
MEMORIES = """
CREATE TABLE IF NOT EXISTS memories (
    org BIGINT NOT NULL,
    id UUID NOT NULL,
    store UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    kind INTEGER NOT NULL,
    importance INTEGER NOT NULL,
    tags BYTEA[] NOT NULL,
    folded BYTEA[] NOT NULL,
    words TEXT NOT NULL,
    memory BYTEA NOT NULL,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    created TIMESTAMPTZ NOT NULL DEFAULT statement_timestamp(),
    updated TIMESTAMPTZ NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, store) REFERENCES memory_stores
)"""
RECALLED = """
CREATE INDEX IF NOT EXISTS memories_recalled ON memories (org, store, importance DESC, number DESC)
    WHERE active"""
# Text within a text is found by its groups of three letters.
TRIGRAMS = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
SEARCHED = """
CREATE INDEX IF NOT EXISTS memories_searched ON memories USING gin (words gin_trgm_ops)
    WHERE active"""

ALL = (SESSIONS, EVENTS, MESSAGE_IDS, MESSAGES, STORES, DEFAULT_STORES, MEMORIES, RECALLED, TRIGRAMS, SEARCHED)
