-- +goose Up
-- Records are content-addressed: id is the SHA-256 of body, so a row never changes.
CREATE TABLE evidence (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  id              TEXT   NOT NULL,
  body            BYTEA NOT NULL,
  recorded        BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, id)
);
CREATE INDEX evidence_age ON evidence (recorded);

-- How a record is found: always of one tenant and one suite.
CREATE TABLE evidence_suite (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  suite           TEXT   NOT NULL,
  tree            TEXT   NOT NULL,
  started         BIGINT NOT NULL, -- when the run's attempt began
  id              TEXT   NOT NULL,
  commit_sha      TEXT   NOT NULL,
  head            TEXT   NOT NULL,  -- head commit of the run, which for a pull request is not what was tested
  recorded        BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, suite, tree, started, id)
);
CREATE INDEX evidence_suite_newest ON evidence_suite (installation_id, repository_id, suite, started);
CREATE INDEX evidence_suite_commit ON evidence_suite (installation_id, repository_id, suite, commit_sha, started);
CREATE INDEX evidence_suite_head ON evidence_suite (installation_id, repository_id, suite, head, started);
CREATE INDEX evidence_suite_age ON evidence_suite (recorded);

CREATE TABLE evidence_digest (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  digest          TEXT   NOT NULL,
  started         BIGINT NOT NULL,
  id              TEXT   NOT NULL,
  recorded        BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, digest, started, id)
);
CREATE INDEX evidence_digest_age ON evidence_digest (recorded);

-- Attempts of runs that were seen: one that GitHub no longer has was deleted.
CREATE TABLE run_seen (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  run_id          BIGINT NOT NULL,
  attempt         BIGINT NOT NULL,
  workflow        TEXT   NOT NULL,
  event           TEXT   NOT NULL,
  ref_protected   BOOLEAN NOT NULL,
  head            TEXT   NOT NULL,
  head_repository BIGINT NOT NULL,
  tree            TEXT   NOT NULL,
  started         BIGINT NOT NULL,
  status          BIGINT NOT NULL,
  conclusion      TEXT   NOT NULL,
  trouble         TEXT   NOT NULL,
  seen            BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, run_id, attempt)
);
CREATE INDEX run_seen_head ON run_seen (installation_id, repository_id, head);
CREATE INDEX run_seen_tree ON run_seen (installation_id, repository_id, tree);
CREATE INDEX run_seen_age ON run_seen (seen);

-- The check platform/tested on one commit.
CREATE TABLE tested_check (
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  head            TEXT   NOT NULL,
  queued          BOOLEAN NOT NULL, -- it is the commit of a merge group
  tree            TEXT   NOT NULL,
  check_id        BIGINT NOT NULL,
  finished        BOOLEAN NOT NULL,
  shown           TEXT   NOT NULL,
  decided         TEXT   NOT NULL,
  first           BIGINT NOT NULL,
  updated         BIGINT NOT NULL,
  PRIMARY KEY (installation_id, repository_id, head)
);
CREATE INDEX tested_check_tree ON tested_check (installation_id, repository_id, tree);
CREATE INDEX tested_check_age ON tested_check (updated);
