-- +goose Up
CREATE INDEX claim_age ON claim (claimed);
