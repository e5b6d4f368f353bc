-- Payments. The rules of 0001_reference.sql hold. Amounts are millionths of a US
-- dollar.

-- What is left of the account's money stands beside its body.
CREATE TABLE payment_accounts (
    org_id  BIGINT NOT NULL,
    id      TEXT   NOT NULL,
    balance BIGINT NOT NULL,
    body    BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- `subject` is the id of an agent or a session, or `org`.
CREATE TABLE payment_policies (
    org_id     BIGINT NOT NULL,
    subject    TEXT   NOT NULL,
    account_id TEXT   NOT NULL,
    body       BLOB   NOT NULL,
    PRIMARY KEY (org_id, subject),
    FOREIGN KEY (org_id, account_id) REFERENCES payment_accounts (org_id, id)
);

-- Every attempt to pay. It is written before anybody is paid, so that a call that is
-- sent again finds it. `amount` is what was set aside, and once the attempt succeeded
-- what was paid; it is out of the account's balance unless the attempt failed.
-- `failure` says why it failed; `answer` is the answer to the call, receipt included,
-- sealed.
CREATE TABLE payment_attempts (
    org_id     BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    session_id TEXT   NOT NULL,
    agent_id   TEXT,
    subject    TEXT   NOT NULL,
    account_id TEXT   NOT NULL,
    rail       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    amount     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    failure    BLOB,
    answer     BLOB,
    request    BLOB   NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, request_id),
    FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id),
    FOREIGN KEY (org_id, account_id) REFERENCES payment_accounts (org_id, id)
);

CREATE INDEX payment_attempts_by_day ON payment_attempts (org_id, subject, created_at);
