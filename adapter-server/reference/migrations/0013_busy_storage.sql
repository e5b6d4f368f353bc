-- What a busy storage asks for often, by indexes that lead there. The rules of
-- 0001_reference.sql hold.

CREATE INDEX sessions_of_agent ON session_index (org_id, agent_id, created_at, session_id)
    WHERE archived_at IS NULL;

-- In the place of session_index_by_age, which led through those that are archived.
CREATE INDEX sessions_by_age ON session_index (org_id, created_at, session_id)
    WHERE archived_at IS NULL;

DROP INDEX session_index_by_age;

CREATE INDEX memories_of_store ON memories (org_id, store_id, active);

-- Payments that nobody knows the outcome of, those first that nobody has asked about for
-- the longest.
CREATE INDEX payment_attempts_in_doubt ON payment_attempts (updated_at)
    WHERE state = 'pending';
