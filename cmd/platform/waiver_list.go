package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/ledger"
	"github.com/org/platform-action/internal/verdict"
	"github.com/org/platform-action/internal/waiver"
)

func newWaiverList(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list LEDGER",
		Short: "List the waivers of a ledger of gate export, and what became of each",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one ledger of gate export\nsee: %s --help", c.CommandPath())
			}
			l, err := readLedger(args[0])
			if err != nil {
				return err
			}
			if err := ledger.Verify(l.head.Installation, l.head.Repository, l.entries, nil); err != nil {
				say(s.err, "platform: %s: %s", displayName(args[0]), err.Error())
				return &outcomeError{verdict.Block}
			}
			return listWaivers(s, l.entries)
		},
	}
}

func listWaivers(s streams, entries []ledger.Entry) error {
	used, revoked := map[string]int{}, map[string]bool{}
	for _, e := range entries {
		var body struct {
			Decision gate.Decision `json:"decision"`
		}
		switch e.Kind {
		case "waiver-revoked":
			revoked[e.Subject] = true
		case "deployment", "deployment-job":
			if json.Unmarshal(e.Body, &body) == nil && body.Decision.Basis == evidence.BasisWaiver {
				used[body.Decision.Waiver]++
			}
		}
	}
	now := s.now()
	for _, e := range entries {
		if e.Kind != "waiver" {
			continue
		}
		w, err := waiver.Parse(e.Body)
		if err != nil || w.ID() != e.Subject {
			say(s.out, "entry %d is a waiver whose body was taken out, or is of another version", e.Sequence)
			continue
		}
		state := "holds until " + w.Expires.Format(time.RFC3339)
		switch {
		case revoked[w.ID()]:
			state = "revoked"
		case used[w.ID()] >= w.Uses:
			state = "used"
		case !now.Before(w.Expires):
			state = "expired unused"
		}
		say(s.out, "%.15s %s: %.12s into %s; %s asked, %s answered on %s: %s", w.ID(), state, w.Commit, w.Environment, w.Requester.Login, w.Approver.Login,
			w.Issued.Format(time.RFC3339), w.Reason)
	}
	return nil
}
