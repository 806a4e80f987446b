-- +goose Up
-- The head is locked while an entry is appended, and witnesses a ledger whose last entries were cut off.
CREATE TABLE ledger_head (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  sequence        INTEGER NOT NULL,
  chain           TEXT   NOT NULL,
  PRIMARY KEY (installation_id, repository_id)
) STRICT;

CREATE TABLE ledger (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  sequence        INTEGER NOT NULL,
  kind            TEXT   NOT NULL,
  subject         TEXT   NOT NULL,
  body            BLOB  NOT NULL,
  at              INTEGER NOT NULL,
  chain           TEXT   NOT NULL,
  PRIMARY KEY (installation_id, repository_id, sequence)
) STRICT;

CREATE TABLE verdict (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  sequence        INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  head            TEXT   NOT NULL,
  outcome         TEXT   NOT NULL,
  digest          TEXT   NOT NULL,
  report          BLOB  NOT NULL,
  at              INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, sequence)
) STRICT;
CREATE INDEX verdict_newest ON verdict (installation_id, repository_id, number, head, sequence);
CREATE INDEX verdict_age ON verdict (at) WHERE octet_length(report) > 0;

CREATE TABLE acknowledgement (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  sequence        INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  amount          TEXT   NOT NULL,
  currency        TEXT   NOT NULL,
  resources       BLOB  NOT NULL,
  by_login        TEXT   NOT NULL,
  by_id           INTEGER NOT NULL,
  verdict         TEXT   NOT NULL,
  at              INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, sequence)
) STRICT;
CREATE INDEX acknowledgement_number ON acknowledgement (installation_id, repository_id, number, sequence);
