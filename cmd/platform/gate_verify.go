package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/gate/lock"
	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/verdict"
)

type gateVerifyOptions struct {
	keys, digests       []string
	environment, commit string
	repository, run     int64
	at                  string
	ledger              ledgerOptions
}

func newGateVerify(s streams) *cobra.Command {
	var o gateVerifyOptions
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a signed verdict, or a whole ledger, without the server",
		Long: "verify reads a verdict of gate decide, or a ledger of gate export. A verdict is believed by the keys that you pin with\n" +
			"--key and by no other; it has to be valid now (or --at a time), and about what you name. A ledger has to be whole:\n" +
			"nothing changed, taken out, moved or written anew; --witness and --against-github hold it against heads that stand\n" +
			"elsewhere, without which a ledger that was cut off, or written anew from some entry on, looks whole as well.\n\n" + gateCodes,
		Example: `  platform gate verify verdict.json --key platform-key.pem --environment production --commit "$(git rev-parse HEAD)"
  platform gate verify ledger.jsonl --witness verdict.json --key platform-key.pem
  GITHUB_TOKEN=… platform gate verify ledger.jsonl --against-github --repo acme/shop`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one file: a verdict of gate decide, or a ledger of gate export\nsee: %s --help", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return o.verify(c.Context(), s, args[0]) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.keys, "key", nil, "file with the App's public key (PEM, or a copy of its platform-keys.json); may be given more than once")
	f.StringVar(&o.environment, "environment", "", "the verdict must be for this environment")
	f.StringVar(&o.commit, "commit", "", "the verdict must be of this commit")
	f.Int64Var(&o.repository, "repository-id", 0, "verdict or ledger must be of this repository")
	f.Int64Var(&o.run, "run", 0, "the verdict must be for this run")
	f.StringArrayVar(&o.digests, "digest", nil, "the verdict must be about this artifact; may be given more than once")
	f.StringVar(&o.at, "at", "", "time at which it must have been valid, such as 2026-11-20T10:00:00Z (default: now)")
	o.ledger.flags(c)
	return c
}

func (o *gateVerifyOptions) verify(ctx context.Context, s streams, name string) error {
	now := s.now()
	if o.at != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, o.at); err != nil {
			return fmt.Errorf("--at %.40q is no time: write 2026-11-20T10:00:00Z", o.at)
		}
	}
	keys, err := readKeys(o.keys)
	if err != nil {
		return err
	}
	if isLedger(name) {
		return o.ledger.verify(ctx, s, name, o.repository, keys)
	}
	if o.ledger.given() {
		return errors.New("--witness and --against-github are for a ledger of gate export")
	}
	if len(keys) == 0 {
		return errors.New("--key is needed: a verdict is never believed by a key that comes with it")
	}
	if o.digests, err = lock.Artifacts(o.digests); err != nil {
		return fmt.Errorf("--digest %w", err)
	}
	data, err := readAtMost(name, seal.MaxBytes)
	if err != nil {
		return err
	}
	f := &findings{s: s}
	v, err := seal.Open(ctx, data, keys)
	if errors.Is(err, seal.ErrForm) {
		return fmt.Errorf("%s: %w", displayName(name), err)
	}
	if err != nil {
		f.wrong("%s", err.Error())
		return &outcomeError{verdict.Block}
	}
	f.good("it is signed by a key that you gave")
	f.verdict(ctx, data, keys, v, now)
	o.about(f, v)
	if f.bad > 0 {
		return &outcomeError{verdict.Block}
	}
	return outcomeOf(v)
}

// verdict says what it says, and whether it holds now.
func (f *findings) verdict(ctx context.Context, data []byte, keys []seal.Key, v seal.Verdict, now time.Time) {
	if _, err := seal.Verify(ctx, data, keys, v.Subject, now); err != nil {
		f.wrong("%s", err.Error())
	} else {
		f.good("it holds from %s until %s", v.Issued.Format(time.RFC3339), v.Expires.Format(time.RFC3339))
	}
	u := v.Subject
	line := "%s by %s: %s of commit %s, tree %s"
	if v.Outcome == "approved" {
		f.good(line, v.Outcome, v.Basis, u.Environment, u.Commit, u.Tree)
	} else {
		say(f.s.out, "no       "+line, v.Outcome, v.Basis, u.Environment, u.Commit, u.Tree)
	}
	say(f.s.out, "         %s, repository %d, run %d attempt %d, job %s, ledger entry %d %s", u.Server, u.Repository, u.RunID, u.Attempt, u.Job, v.Sequence, v.Chain)
	for _, d := range u.Digests {
		say(f.s.out, "         artifact %s", d)
	}
}

// about holds the verdict against what the user named; what nobody named stays unproven.
func (o *gateVerifyOptions) about(f *findings, v seal.Verdict) {
	u := v.Subject
	for _, c := range []struct {
		what, flag, want, got string
		named                 bool
	}{
		{"environment", "--environment", o.environment, u.Environment, o.environment != ""},
		{"commit", "--commit", o.commit, u.Commit, o.commit != ""},
		{"repository", "--repository-id", strconv.FormatInt(o.repository, 10), strconv.FormatInt(u.Repository, 10), o.repository != 0},
		{"run", "--run", strconv.FormatInt(o.run, 10), strconv.FormatInt(u.RunID, 10), o.run != 0},
		{"artifacts", "--digest", fmt.Sprint(o.digests), fmt.Sprint(u.Digests), len(o.digests) > 0},
	} {
		switch {
		case !c.named && c.flag == "--digest" && len(u.Digests) == 0:
		case !c.named:
			f.open("that it is about your %s: name it with %s", c.what, c.flag)
		case c.want != c.got:
			f.wrong("it is about another %s: %s, and not %s", c.what, c.got, c.want)
		default:
			f.good("it is about %s %s", c.what, c.want)
		}
	}
}
