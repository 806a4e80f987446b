-- +goose Up
CREATE TABLE repository (
  installation_id INTEGER  NOT NULL,
  repository_id   INTEGER  NOT NULL,
  account_id      INTEGER  NOT NULL,
  owner           TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  default_branch  TEXT    NOT NULL,
  private         INTEGER NOT NULL,
  archived        INTEGER NOT NULL,
  gone            INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id)
) STRICT;
CREATE INDEX repository_id ON repository (repository_id);

CREATE TABLE pull (
  installation_id INTEGER  NOT NULL,
  repository_id   INTEGER  NOT NULL,
  number          INTEGER  NOT NULL,
  head            TEXT    NOT NULL DEFAULT '',
  base            TEXT    NOT NULL DEFAULT '',
  is_open         INTEGER NOT NULL DEFAULT FALSE,
  comment_id      INTEGER  NOT NULL DEFAULT 0,
  comment_digest  TEXT    NOT NULL DEFAULT '',
  seen            INTEGER  NOT NULL DEFAULT 0, -- when GitHub last changed it, as far as we were told
  PRIMARY KEY (installation_id, repository_id, number)
) STRICT;
CREATE INDEX pull_open ON pull (installation_id, repository_id, head) WHERE is_open;

CREATE TABLE check_run (
  installation_id INTEGER  NOT NULL,
  repository_id   INTEGER  NOT NULL,
  head            TEXT    NOT NULL,
  check_id        INTEGER  NOT NULL,
  finished        INTEGER NOT NULL,
  annotations     TEXT    NOT NULL,
  verdict         TEXT    NOT NULL,
  started         INTEGER  NOT NULL,
  updated         INTEGER  NOT NULL,
  PRIMARY KEY (installation_id, repository_id, head)
) STRICT;
CREATE INDEX check_run_unfinished ON check_run (installation_id, repository_id, started) WHERE NOT finished;
CREATE INDEX check_run_stale ON check_run (started) WHERE NOT finished;

CREATE TABLE claim (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  claim_key       TEXT   NOT NULL,
  claimed         INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, claim_key)
) STRICT;

CREATE TABLE document (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  name            TEXT   NOT NULL,
  body            BLOB  NOT NULL,
  changed         INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, name)
) STRICT;

CREATE TABLE upload (
  installation_id INTEGER  NOT NULL,
  repository_id   INTEGER  NOT NULL,
  head            TEXT    NOT NULL,
  root            TEXT    NOT NULL,
  run_id          INTEGER  NOT NULL,
  attempt         INTEGER  NOT NULL,
  trusted         INTEGER NOT NULL,
  why             TEXT    NOT NULL,
  digest          TEXT    NOT NULL,
  document        BLOB   NOT NULL,
  uploaded        INTEGER  NOT NULL,
  PRIMARY KEY (installation_id, repository_id, head, root)
) STRICT;
CREATE INDEX upload_age ON upload (uploaded);
