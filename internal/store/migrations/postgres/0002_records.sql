-- +goose Up
CREATE TABLE repository (
  installation_id BIGINT  NOT NULL,
  repository_id   BIGINT  NOT NULL,
  account_id      BIGINT  NOT NULL,
  owner           TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  default_branch  TEXT    NOT NULL,
  private         BOOLEAN NOT NULL,
  archived        BOOLEAN NOT NULL,
  gone            BOOLEAN NOT NULL,
  PRIMARY KEY (installation_id, repository_id)
);
CREATE INDEX repository_id ON repository (repository_id);

CREATE TABLE pull (
  installation_id BIGINT  NOT NULL,
  repository_id   BIGINT  NOT NULL,
  number          BIGINT  NOT NULL,
  head            TEXT    NOT NULL DEFAULT '',
  base            TEXT    NOT NULL DEFAULT '',
  is_open         BOOLEAN NOT NULL DEFAULT FALSE,
  comment_id      BIGINT  NOT NULL DEFAULT 0,
  comment_digest  TEXT    NOT NULL DEFAULT '',
  seen            BIGINT  NOT NULL DEFAULT 0, -- when GitHub last changed it, as far as we were told
  PRIMARY KEY (installation_id, repository_id, number)
);
CREATE INDEX pull_open ON pull (installation_id, repository_id, head) WHERE is_open;

CREATE TABLE check_run (
  installation_id BIGINT  NOT NULL,
  repository_id   BIGINT  NOT NULL,
  head            TEXT    NOT NULL,
  check_id        BIGINT  NOT NULL,
  finished        BOOLEAN NOT NULL,
  annotations     TEXT    NOT NULL,
  verdict         TEXT    NOT NULL,
  started         BIGINT  NOT NULL,
  updated         BIGINT  NOT NULL,
  PRIMARY KEY (installation_id, repository_id, head)
);
CREATE INDEX check_run_unfinished ON check_run (installation_id, repository_id, started) WHERE NOT finished;
CREATE INDEX check_run_stale ON check_run (started) WHERE NOT finished;

CREATE TABLE claim (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  claim_key       TEXT   NOT NULL,
  claimed         BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, claim_key)
);

CREATE TABLE document (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  name            TEXT   NOT NULL,
  body            BYTEA  NOT NULL,
  changed         BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, name)
);

CREATE TABLE upload (
  installation_id BIGINT  NOT NULL,
  repository_id   BIGINT  NOT NULL,
  head            TEXT    NOT NULL,
  root            TEXT    NOT NULL,
  run_id          BIGINT  NOT NULL,
  attempt         BIGINT  NOT NULL,
  trusted         BOOLEAN NOT NULL,
  why             TEXT    NOT NULL,
  digest          TEXT    NOT NULL,
  document        BYTEA   NOT NULL,
  uploaded        BIGINT  NOT NULL,
  PRIMARY KEY (installation_id, repository_id, head, root)
);
CREATE INDEX upload_age ON upload (uploaded);
