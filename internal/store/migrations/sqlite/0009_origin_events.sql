-- +goose Up
-- Where a task comes from, as W3C trace context: what is done for it belongs to the same trace. Empty: nobody traces.
ALTER TABLE work ADD COLUMN origin TEXT NOT NULL DEFAULT '';

-- How far a sink of events has come in a repository's ledger, which is the outbox: what lies behind is still to be told.
CREATE TABLE event_cursor (
  sink            TEXT   NOT NULL,
  installation_id INTEGER NOT NULL,
  repository_id   INTEGER NOT NULL,
  sequence        INTEGER NOT NULL, -- of the last entry that the sink took, or that is none of its business
  failures        INTEGER NOT NULL DEFAULT 0, -- in a row
  changed         INTEGER NOT NULL,
  PRIMARY KEY (sink, installation_id, repository_id)
) STRICT;
