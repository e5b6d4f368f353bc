-- Images, credentials of model providers, users' connections. The rules of
-- 0001_reference.sql hold.

CREATE TABLE images (
    org_id BIGINT NOT NULL,
    id     TEXT   NOT NULL,
    body   BLOB   NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- An image's bytes, in pieces of less than 1 MiB: whoever reads one holds one.
CREATE TABLE image_pieces (
    org_id   BIGINT NOT NULL,
    image_id TEXT   NOT NULL,
    piece    BIGINT NOT NULL,
    content  BLOB   NOT NULL,
    PRIMARY KEY (org_id, image_id, piece),
    FOREIGN KEY (org_id, image_id) REFERENCES images (org_id, id)
);

-- Names of providers are bytes: a tool's caller may have written them. The API key is
-- sealed, never in the body.
CREATE TABLE provider_credentials (
    org_id        BIGINT NOT NULL,
    provider_type BLOB   NOT NULL,
    key_id        TEXT   NOT NULL,
    nonce         BLOB   NOT NULL,
    sealed        BLOB   NOT NULL,
    body          BLOB   NOT NULL,
    PRIMARY KEY (org_id, provider_type)
);

-- The token, sealed.
CREATE TABLE user_connections (
    org_id   BIGINT NOT NULL,
    user_id  TEXT   NOT NULL,
    provider BLOB   NOT NULL,
    key_id   TEXT   NOT NULL,
    nonce    BLOB   NOT NULL,
    sealed   BLOB   NOT NULL,
    PRIMARY KEY (org_id, user_id, provider)
);

-- What is kept beside the token, sealed; no row where nothing is.
CREATE TABLE user_connection_metadata (
    org_id   BIGINT NOT NULL,
    user_id  TEXT   NOT NULL,
    provider BLOB   NOT NULL,
    key_id   TEXT   NOT NULL,
    nonce    BLOB   NOT NULL,
    sealed   BLOB   NOT NULL,
    PRIMARY KEY (org_id, user_id, provider),
    FOREIGN KEY (org_id, user_id, provider)
        REFERENCES user_connections (org_id, user_id, provider)
);
