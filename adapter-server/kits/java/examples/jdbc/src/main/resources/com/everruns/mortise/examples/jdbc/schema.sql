-- A record is the protobuf message of the contract, sealed: every field, also one of a later
-- version, comes back as it was stored. Configurations of capabilities and MCP servers hold
-- credentials, so that all records are sealed and not models and credentials alone.
BEGIN;
-- Adapters that start at the same time wait for each other.
SELECT pg_advisory_xact_lock(7362814);
CREATE TABLE IF NOT EXISTS harnesses (
  org BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, PRIMARY KEY (org, id));
CREATE TABLE IF NOT EXISTS agents (
  org BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, PRIMARY KEY (org, id));
CREATE TABLE IF NOT EXISTS sessions (
  org BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, PRIMARY KEY (org, id));
CREATE TABLE IF NOT EXISTS models (
  org BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, PRIMARY KEY (org, id));
CREATE TABLE IF NOT EXISTS provider_credentials (
  org BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, PRIMARY KEY (org, id));
CREATE TABLE IF NOT EXISTS default_models (
  org BIGINT PRIMARY KEY, model TEXT COLLATE "C" NOT NULL);
CREATE TABLE IF NOT EXISTS mortise_answers (
  org BIGINT NOT NULL, request_id TEXT COLLATE "C" NOT NULL, method VARCHAR(200) NOT NULL,
  answer BYTEA, expires_at BIGINT NOT NULL, PRIMARY KEY (org, request_id));
CREATE INDEX IF NOT EXISTS mortise_answers_expiry ON mortise_answers (expires_at);
CREATE TABLE IF NOT EXISTS mortise_leases (
  org BIGINT NOT NULL, session TEXT COLLATE "C" NOT NULL, fence BIGINT NOT NULL, ends_at BIGINT NOT NULL,
  time_left_max BIGINT NOT NULL, holder TEXT COLLATE "C" NOT NULL, address TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (org, session));
COMMIT;
