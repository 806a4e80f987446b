-- +goose Up
-- One wait of a run for an environment, and what became of it: what is decided once. body is all of it; the columns are
-- what it is found by.
CREATE TABLE deployment (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  environment     TEXT   NOT NULL, -- in lower case
  run_id          INTEGER NOT NULL,
  attempt         INTEGER NOT NULL,
  is_open         INTEGER NOT NULL, -- an answer is still to be given
  wake            INTEGER NOT NULL, -- when an open one is looked at again, whatever happens
  went            INTEGER NOT NULL, -- it went ahead, by whatever basis
  settled         INTEGER NOT NULL, -- how its jobs ended is known
  proven          INTEGER NOT NULL, -- it succeeded by an approval on evidence: it pays the debts before it
  body            BLOB  NOT NULL,
  changed         INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, environment, run_id, attempt)
) STRICT;
CREATE INDEX deployment_due ON deployment (is_open, wake);
CREATE INDEX deployment_run ON deployment (installation_id, repository_id, run_id);
CREATE INDEX deployment_went ON deployment (installation_id, repository_id, environment, went, changed);
CREATE INDEX deployment_age ON deployment (changed);

-- Counts what was added to the evidence: an approval is given only on the evidence that was read for it.
CREATE TABLE evidence_version (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  version         INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id)
) STRICT;

-- Waivers that were approved. Their uses are taken in the transaction that approves a deployment by them.
CREATE TABLE waiver (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  id              TEXT   NOT NULL,
  environment     TEXT   NOT NULL, -- in lower case
  body            BLOB  NOT NULL,
  used            INTEGER NOT NULL,
  revoked         INTEGER NOT NULL,
  expires         INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, id)
) STRICT;
CREATE INDEX waiver_holds ON waiver (installation_id, repository_id, environment, expires);
CREATE INDEX waiver_age ON waiver (expires);

-- Trees that went to an environment without proof.
CREATE TABLE test_debt (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  environment     TEXT   NOT NULL, -- in lower case
  tree            TEXT   NOT NULL,
  commit_sha      TEXT   NOT NULL,
  basis           INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, environment, tree, at)
) STRICT;
CREATE INDEX test_debt_age ON test_debt (at);
