-- Leases of sessions, and the turns that a lost host leaves behind. The rules of
-- 0001_reference.sql hold.

-- The last lease that was granted for a session. The row stays when the lease ends: its
-- fence is never granted again. ends_at is 0 if it was released; time_left_max is what was
-- left of it at the last grant or renewal, which it never exceeds, whatever the clock does.
CREATE TABLE session_leases (
    org_id        BIGINT NOT NULL,
    session_id    TEXT   NOT NULL,
    fence         BIGINT NOT NULL,
    ends_at       BIGINT NOT NULL,
    time_left_max BIGINT NOT NULL,
    holder        TEXT   NOT NULL,
    address       TEXT   NOT NULL,
    PRIMARY KEY (org_id, session_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE INDEX session_leases_by_end ON session_leases (org_id, ends_at);

-- Turns that have not ended.
CREATE TABLE journaled_turns (
    org_id     BIGINT NOT NULL,
    session_id TEXT   NOT NULL,
    turn_id    TEXT   NOT NULL,
    fence      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    record     BLOB   NOT NULL,
    PRIMARY KEY (org_id, session_id, turn_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE INDEX journaled_turns_by_age ON journaled_turns (org_id, created_at, turn_id);

-- Their tool calls. A turn need not have a record for them.
CREATE TABLE journaled_tool_calls (
    org_id           BIGINT NOT NULL,
    id               TEXT   NOT NULL,
    session_id       TEXT   NOT NULL,
    turn_id          TEXT   NOT NULL,
    tool_call_id     BLOB   NOT NULL,
    first_claimed_at BIGINT NOT NULL,
    claim_token      TEXT   NOT NULL,
    body             BLOB   NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, session_id, turn_id, tool_call_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);
