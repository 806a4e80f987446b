package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/verdict"
)

const verdictColumns = `number, head, outcome, digest, report, at`

func readVerdict(row scan, v *control.VerdictRecord) error {
	var at int64
	var outcome string
	if err := row(&v.Number, &v.Head, &outcome, &v.Digest, (*[]byte)(&v.Report), &at); err != nil {
		return err
	}
	v.At = fromMicros(at)
	return v.Outcome.UnmarshalText([]byte(outcome))
}

const newestVerdict = `SELECT ` + verdictColumns + ` FROM verdict
	WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND head = $4 ORDER BY sequence DESC LIMIT 1`

// LatestVerdict reads the newest verdict of a pull request's head.
func (s *Store) LatestVerdict(ctx context.Context, t control.Tenant, number int, head string) (control.VerdictRecord, bool, error) {
	return get(ctx, s, readVerdict, newestVerdict, t.Installation, t.Repository, number, head)
}

// verdictBody is what the ledger says of a verdict. It is small and never emptied: the report itself may go.
type verdictBody struct {
	Number  int             `json:"number"`
	Head    string          `json:"head"`
	Outcome verdict.Outcome `json:"outcome"`
	Verdict string          `json:"verdict"`
	Report  string          `json:"report"` // sha256:… of its bytes
}

// Record appends the verdict and its ledger entry. The same verdict again is not appended; then the ledger's present
// end comes back.
func (s *Store) Record(ctx context.Context, t control.Tenant, v control.VerdictRecord) (control.LedgerEntry, error) {
	var entry control.LedgerEntry
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		end, err := s.lockLedger(ctx, b, t)
		if err != nil {
			return err
		}
		newest, found, err := first(ctx, b, readVerdict, newestVerdict, t.Installation, t.Repository, v.Number, v.Head)
		if err != nil {
			return err
		}
		if found && newest.Digest == v.Digest {
			entry, err = entryAt(ctx, b, t, end.Sequence)
			return err
		}
		report := sha256.Sum256(v.Report)
		body := verdictBody{v.Number, v.Head, v.Outcome, v.Digest, "sha256:" + hex.EncodeToString(report[:])}
		entry, err = s.appendEntry(ctx, b, t, end, control.LedgerEntry{Kind: "verdict", Subject: v.Digest, At: v.At}, body)
		if err != nil {
			return err
		}
		_, err = b.exec(ctx, `INSERT INTO verdict (installation_id, repository_id, sequence, `+verdictColumns+`, headline)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			t.Installation, t.Repository, entry.Sequence, v.Number, v.Head, v.Outcome.String(), v.Digest, filled(v.Report), micros(v.At), printable(v.Headline))
		if err != nil {
			return err
		}
		return listVerdict(ctx, b, t, entry.Sequence, v)
	})
	if err != nil {
		return control.LedgerEntry{}, fmt.Errorf("recording a verdict: %w", err)
	}
	return entry, nil
}

type acknowledgementBody struct {
	Number    int      `json:"number"`
	Amount    string   `json:"amount"`
	Currency  string   `json:"currency"`
	Resources []string `json:"resources"`
	By        string   `json:"by"`
	ByID      int64    `json:"by_id"`
	Verdict   string   `json:"verdict"`
}

// Acknowledge appends the acknowledgement and its ledger entry. The same again is not appended; then the ledger's present
// end comes back.
func (s *Store) Acknowledge(ctx context.Context, t control.Tenant, a control.Acknowledgement) (control.LedgerEntry, error) {
	resources, err := json.Marshal(a.Resources)
	if err != nil {
		return control.LedgerEntry{}, err
	}
	var entry control.LedgerEntry
	err = s.write(ctx, func(ctx context.Context, b *batch) error {
		end, err := s.lockLedger(ctx, b, t)
		if err != nil {
			return err
		}
		_, again, err := first(ctx, b, whole[int64], `SELECT sequence FROM acknowledgement
			WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND by_id = $4 AND verdict = $5`,
			t.Installation, t.Repository, a.Number, a.ByID, a.Verdict)
		if err != nil {
			return err
		}
		if again {
			entry, err = entryAt(ctx, b, t, end.Sequence)
			return err
		}
		body := acknowledgementBody{a.Number, a.Amount.String(), a.Currency, a.Resources, a.By, a.ByID, a.Verdict}
		entry, err = s.appendEntry(ctx, b, t, end, control.LedgerEntry{Kind: "acknowledgement", Subject: a.Verdict, At: a.At}, body)
		if err != nil {
			return err
		}
		_, err = b.exec(ctx, `INSERT INTO acknowledgement
			(installation_id, repository_id, sequence, number, amount, currency, resources, by_login, by_id, verdict, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, t.Installation, t.Repository, entry.Sequence,
			a.Number, a.Amount.String(), a.Currency, resources, a.By, a.ByID, a.Verdict, micros(a.At))
		return err
	})
	if err != nil {
		return control.LedgerEntry{}, fmt.Errorf("recording an acknowledgement: %w", err)
	}
	return entry, nil
}

// Acknowledgements lists those of a pull request, oldest first.
func (s *Store) Acknowledgements(ctx context.Context, t control.Tenant, number int) ([]control.Acknowledgement, error) {
	return all(ctx, s, func(row scan, a *control.Acknowledgement) error {
		var at int64
		var resources []byte
		if err := row(&a.Number, &a.Amount, &a.Currency, &resources, &a.By, &a.ByID, &a.Verdict, &at); err != nil {
			return err
		}
		a.At = fromMicros(at)
		return json.Unmarshal(resources, &a.Resources)
	}, `SELECT number, amount, currency, resources, by_login, by_id, verdict, at FROM acknowledgement
		WHERE installation_id = $1 AND repository_id = $2 AND number = $3 ORDER BY sequence`, t.Installation, t.Repository, number)
}
