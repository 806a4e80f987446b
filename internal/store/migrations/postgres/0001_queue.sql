-- +goose Up
-- Times are microseconds since 1970 in UTC, 0 is "never": the same bytes in both databases.
CREATE TABLE delivery (
  id              TEXT   PRIMARY KEY,
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  event           TEXT   NOT NULL,
  action          TEXT   NOT NULL,
  digest          TEXT   NOT NULL,
  received        BIGINT NOT NULL
);
CREATE INDEX delivery_received ON delivery (received);

-- A row is what is wanted of a key; a River job is one attempt at it. state: queued (exactly one job lives), idle, parked.
CREATE TABLE work (
  id              BIGINT  GENERATED ALWAYS AS IDENTITY UNIQUE,
  installation_id BIGINT  NOT NULL,
  repository_id   BIGINT  NOT NULL,
  kind            TEXT    NOT NULL,
  subject         TEXT    NOT NULL,
  generation      BIGINT  NOT NULL DEFAULT 1,
  done_generation BIGINT  NOT NULL DEFAULT 0,
  input           BYTEA   NOT NULL,
  not_before      BIGINT  NOT NULL,
  due             BIGINT  NOT NULL,
  state           TEXT    NOT NULL DEFAULT 'queued',
  held            BOOLEAN NOT NULL DEFAULT FALSE, -- waits for a rate limit, which a newer delivery must not cut short
  enqueue         BOOLEAN NOT NULL DEFAULT TRUE,  -- what the last Want found: its job must be made, or made due earlier
  attempts        BIGINT  NOT NULL DEFAULT 0,
  parked_reason   TEXT    NOT NULL DEFAULT '',
  changed         BIGINT  NOT NULL,
  PRIMARY KEY (installation_id, repository_id, kind, subject)
);
CREATE INDEX work_queued ON work (installation_id) WHERE state = 'queued';
CREATE INDEX work_due ON work (due) WHERE state = 'queued';
CREATE INDEX work_parked ON work (id) WHERE state = 'parked';
CREATE INDEX work_idle ON work (changed) WHERE state = 'idle';

CREATE TABLE replica (
  id        TEXT   PRIMARY KEY,
  host      TEXT   NOT NULL,
  pid       BIGINT NOT NULL,
  started   BIGINT NOT NULL, -- when the process began, as the system counts; 0 is unknown
  heartbeat BIGINT NOT NULL
);
