-- +goose Up
-- The head is locked while an entry is appended, and witnesses a ledger whose last entries were cut off.
CREATE TABLE ledger_head (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  sequence        BIGINT NOT NULL,
  chain           TEXT   NOT NULL,
  PRIMARY KEY (installation_id, repository_id)
);

CREATE TABLE ledger (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  sequence        BIGINT NOT NULL,
  kind            TEXT   NOT NULL,
  subject         TEXT   NOT NULL,
  body            BYTEA  NOT NULL,
  at              BIGINT NOT NULL,
  chain           TEXT   NOT NULL,
  PRIMARY KEY (installation_id, repository_id, sequence)
);

CREATE TABLE verdict (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  sequence        BIGINT NOT NULL,
  number          BIGINT NOT NULL,
  head            TEXT   NOT NULL,
  outcome         TEXT   NOT NULL,
  digest          TEXT   NOT NULL,
  report          BYTEA  NOT NULL,
  at              BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, sequence)
);
CREATE INDEX verdict_newest ON verdict (installation_id, repository_id, number, head, sequence);
CREATE INDEX verdict_age ON verdict (at) WHERE octet_length(report) > 0;

CREATE TABLE acknowledgement (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  sequence        BIGINT NOT NULL,
  number          BIGINT NOT NULL,
  amount          TEXT   NOT NULL,
  currency        TEXT   NOT NULL,
  resources       BYTEA  NOT NULL,
  by_login        TEXT   NOT NULL,
  by_id           BIGINT NOT NULL,
  verdict         TEXT   NOT NULL,
  at              BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, sequence)
);
CREATE INDEX acknowledgement_number ON acknowledgement (installation_id, repository_id, number, sequence);
