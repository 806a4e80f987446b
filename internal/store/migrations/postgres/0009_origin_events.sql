-- +goose Up
-- Where a task comes from, as W3C trace context: what is done for it belongs to the same trace. Empty: nobody traces.
ALTER TABLE work ADD COLUMN origin TEXT NOT NULL DEFAULT '';

-- How far a sink of events has come in a repository's ledger, which is the outbox: what lies behind is still to be told.
CREATE TABLE event_cursor (
  sink            TEXT   NOT NULL,
  installation_id BIGINT NOT NULL,
  repository_id   BIGINT NOT NULL,
  sequence        BIGINT NOT NULL, -- of the last entry that the sink took, or that is none of its business
  failures        BIGINT NOT NULL DEFAULT 0, -- in a row
  changed         BIGINT NOT NULL,
  PRIMARY KEY (sink, installation_id, repository_id)
);
