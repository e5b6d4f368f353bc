-- Turns that the storage asks for: a message waits here until a host takes it.

CREATE TABLE turn_requests (
    org_id       BIGINT NOT NULL,
    session_id   TEXT   NOT NULL,
    message_id   TEXT   NOT NULL,
    sequence     BIGINT NOT NULL,
    requested_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, session_id, message_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id)
);

CREATE INDEX turn_requests_by_age ON turn_requests (org_id, requested_at);
