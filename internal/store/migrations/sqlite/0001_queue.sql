-- +goose Up
-- Times are microseconds since 1970 in UTC, 0 is "never": the same bytes in both databases.
CREATE TABLE delivery (
  id              TEXT   PRIMARY KEY,
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  event           TEXT   NOT NULL,
  action          TEXT   NOT NULL,
  digest          TEXT   NOT NULL,
  received        INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_received ON delivery (received);

-- A row is what is wanted of a key; a River job is one attempt at it. state: queued (exactly one job lives), idle, parked.
CREATE TABLE work (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  installation_id INTEGER  NOT NULL,
  repository_id   INTEGER  NOT NULL,
  kind            TEXT    NOT NULL,
  subject         TEXT    NOT NULL,
  generation      INTEGER NOT NULL DEFAULT 1,
  done_generation INTEGER  NOT NULL DEFAULT 0,
  input           BLOB   NOT NULL,
  not_before      INTEGER  NOT NULL,
  due             INTEGER  NOT NULL,
  state           TEXT    NOT NULL DEFAULT 'queued',
  held            INTEGER NOT NULL DEFAULT FALSE, -- waits for a rate limit, which a newer delivery must not cut short
  enqueue         INTEGER NOT NULL DEFAULT TRUE,  -- what the last Want found: its job must be made, or made due earlier
  attempts        INTEGER  NOT NULL DEFAULT 0,
  parked_reason   TEXT    NOT NULL DEFAULT '',
  changed         INTEGER  NOT NULL,
  UNIQUE (installation_id, repository_id, kind, subject)
) STRICT;
CREATE INDEX work_queued ON work (installation_id) WHERE state = 'queued';
CREATE INDEX work_due ON work (due) WHERE state = 'queued';
CREATE INDEX work_parked ON work (id) WHERE state = 'parked';
CREATE INDEX work_idle ON work (changed) WHERE state = 'idle';

CREATE TABLE replica (
  id        TEXT   PRIMARY KEY,
  host      TEXT   NOT NULL,
  pid       INTEGER NOT NULL,
  started   INTEGER NOT NULL, -- when the process began, as the system counts; 0 is unknown
  heartbeat INTEGER NOT NULL
) STRICT;
