-- +goose Up
-- What the pages list, so that no list reads a report. Verdicts of earlier versions have no headline.
ALTER TABLE verdict ADD COLUMN headline TEXT NOT NULL DEFAULT '';
CREATE INDEX verdict_head ON verdict (installation_id, repository_id, head, sequence);
CREATE INDEX ledger_subject ON ledger (installation_id, repository_id, subject, sequence);

-- The newest verdict of each pull request.
CREATE TABLE pull_verdict (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  sequence        INTEGER NOT NULL,
  head            TEXT   NOT NULL,
  outcome         TEXT   NOT NULL,
  digest          TEXT   NOT NULL,
  headline        TEXT   NOT NULL,
  at              INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, number)
) STRICT;
CREATE INDEX pull_verdict_at ON pull_verdict (installation_id, repository_id, at);
INSERT INTO pull_verdict (installation_id, repository_id, number, sequence, head, outcome, digest, headline, at)
  SELECT v.installation_id, v.repository_id, v.number, v.sequence, v.head, v.outcome, v.digest, '', v.at FROM verdict v
  JOIN (SELECT installation_id, repository_id, number, MAX(sequence) AS last FROM verdict WHERE number > 0
        GROUP BY installation_id, repository_id, number) n
    ON n.installation_id = v.installation_id AND n.repository_id = v.repository_id AND n.last = v.sequence;

-- What the newest verdict of a pull request adds a month, in millionths, by what: taken back when a newer one comes.
CREATE TABLE cost_share (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  dimension       TEXT   NOT NULL,
  name            TEXT   NOT NULL,
  currency        TEXT   NOT NULL,
  week            INTEGER NOT NULL, -- since 1970, each from a Thursday
  millionths      INTEGER NOT NULL,
  unknown         INTEGER NOT NULL, -- resources whose part has no amount
  PRIMARY KEY (installation_id, repository_id, number, dimension, name, currency)
) STRICT;

-- The same of all pull requests of a week.
CREATE TABLE cost_week (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  week            INTEGER NOT NULL,
  dimension       TEXT   NOT NULL,
  name            TEXT   NOT NULL,
  currency        TEXT   NOT NULL,
  millionths      INTEGER NOT NULL,
  unknown         INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id, week, dimension, name, currency)
) STRICT;

-- What was answered, in words: the ledger keeps codes, which do not change by themselves.
ALTER TABLE tested_check ADD COLUMN answer BLOB NOT NULL DEFAULT x'';

-- When a repository last had a verdict: the newest ones of many repositories are among those of the latest few.
CREATE TABLE activity (
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  last            INTEGER NOT NULL,
  PRIMARY KEY (installation_id, repository_id)
) STRICT;
INSERT INTO activity (installation_id, repository_id, last)
  SELECT installation_id, repository_id, MAX(at) FROM pull_verdict GROUP BY installation_id, repository_id;
