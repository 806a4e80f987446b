-- +goose Up
-- What stands in the place of a body that retention took out: the chain is over it, so that the ledger still verifies.
ALTER TABLE ledger ADD COLUMN digest TEXT NOT NULL DEFAULT '';
CREATE INDEX ledger_age ON ledger (at) WHERE octet_length(body) > 0;
