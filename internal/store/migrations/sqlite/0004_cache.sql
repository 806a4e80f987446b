-- +goose Up
CREATE TABLE cache_entry (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  cache_key       TEXT   NOT NULL,
  value           BLOB  NOT NULL,
  stored          INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, cache_key)
) STRICT;
CREATE INDEX cache_entry_age ON cache_entry (stored);

-- Of the server itself, so without a tenant. sealed is AES-256-GCM: 12 bytes nonce, then the box.
CREATE TABLE credential (
  name    TEXT   PRIMARY KEY,
  sealed  BLOB  NOT NULL,
  changed INTEGER NOT NULL
) STRICT;
