package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/store"
)

func newGateExport(s streams) *cobra.Command {
	var t control.Tenant
	var out string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write a repository's whole ledger to a file, where the server is run",
		Long: "export reads the ledger of one repository out of the server's database (PLATFORM_DATABASE_URL) and changes nothing.\n" +
			"The file is for gate verify, which needs no server. It holds commits, codes and names of suites, and no source.",
		Example: "  platform gate export --installation 1 --repository 2 --out ledger.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if t.Installation <= 0 || t.Repository <= 0 || out == "" {
				return errors.New("--installation, --repository (ids; the server's log has them) and --out are needed")
			}
			return export(c.Context(), s, t, out)
		},
	}
	f := c.Flags()
	f.Int64Var(&t.Installation, "installation", 0, "id of the App's installation")
	f.Int64Var(&t.Repository, "repository", 0, "id of the repository")
	f.StringVar(&out, "out", "", "file to write, whole or not at all")
	return c
}

func export(ctx context.Context, s streams, t control.Tenant, name string) error {
	address := s.env("PLATFORM_DATABASE_URL")
	if address == "" {
		address = "sqlite:platform.db"
	}
	db, err := store.OpenAsIs(ctx, store.Options{URL: address, Now: s.now})
	if errors.Is(err, store.ErrOlder) {
		return errors.New("the database is of an older version: start the server of this version once")
	}
	if err != nil {
		return fmt.Errorf("PLATFORM_DATABASE_URL: %w", err)
	}
	defer func() { _ = db.Close() }() //nolint:contextcheck // whatever became of ctx
	file, err := renameio.NewPendingFile(name, renameio.WithPermissions(0o600))
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer func() { _ = file.Cleanup() }()
	count, gone, err := writeLedger(ctx, file, db, t)
	if err != nil {
		return &faultError{err}
	}
	if count == 0 {
		return fmt.Errorf("repository %d of installation %d has no entry in this database", t.Repository, t.Installation)
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	say(s.err, "%d entries of repository %d; check them with platform gate verify", count, t.Repository)
	if gone > 0 {
		say(s.err, "%s", bodiesGone(gone))
	}
	return nil
}

// writeLedger writes it in portions: it may be larger than memory.
func writeLedger(ctx context.Context, w *renameio.PendingFile, db *store.Store, t control.Tenant) (count, gone int, err error) {
	const portion = 1000
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false) // a body stays as its digest has it
	if err := lines.Encode(ledgerHead{ledgerKind, 1, t.Installation, t.Repository}); err != nil {
		return 0, 0, err
	}
	for after := int64(0); ; {
		entries, err := db.Ledger(ctx, t, after, portion)
		if err != nil {
			return count, gone, err
		}
		for _, e := range entries {
			if err := lines.Encode(e); err != nil {
				return count, gone, err
			}
			after = e.Sequence
		}
		count, gone = count+len(entries), gone+withoutBody(entries)
		if _, err := b.WriteTo(w); err != nil {
			return count, gone, err
		}
		if len(entries) < portion {
			return count, gone, nil
		}
	}
}
