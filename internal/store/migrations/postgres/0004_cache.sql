-- +goose Up
CREATE TABLE cache_entry (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  cache_key       TEXT   NOT NULL,
  value           BYTEA  NOT NULL,
  stored          BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, cache_key)
);
CREATE INDEX cache_entry_age ON cache_entry (stored);

-- Of the server itself, so without a tenant. sealed is AES-256-GCM: 12 bytes nonce, then the box.
CREATE TABLE credential (
  name    TEXT   PRIMARY KEY,
  sealed  BYTEA  NOT NULL,
  changed BIGINT NOT NULL
);
