package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/verdict"
)

const gateCodes = `Exit codes:
  0  approved
  1  rejected, or something contradicts what was signed
  2  usage error or unreadable input
  3  not decided: waiting, a fact that could not be had, or advice that nobody signed`

func newGate(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "gate",
		Short: "Ask whether a deployment may go ahead, and check what was answered",
		Long: "gate is the second lock: the job that deploys asks the App on the present state, and verifies the signed answer.\n" +
			"docs/gate.md says how to set it up, and what makes it a lock.\n\n" + gateCodes,
		Args: noCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newGateDecide(s), newGateVerify(s), newGateExport(s), newGateSimulate(s))
	return c
}

// outcomeOf is what a signed outcome does to the exit code.
func outcomeOf(name string) error {
	var o gate.Outcome
	if err := o.UnmarshalText([]byte(name)); err != nil {
		return &outcomeError{verdict.Undecided}
	}
	switch o {
	case gate.OutcomeApproved:
		return nil
	case gate.OutcomeRejected:
		return &outcomeError{verdict.Block}
	case gate.OutcomeWaiting, gate.OutcomeError:
	}
	return &outcomeError{verdict.Undecided}
}

// readKeys reads the keys that the user pins: PEM files, or copies of the App's platform-keys.json.
func readKeys(names []string) ([]seal.Key, error) {
	var out []seal.Key
	for _, name := range names {
		data, err := readAtMost(name, seal.MaxBytes)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		keys, err := parseKeys(data)
		if err != nil {
			return nil, fmt.Errorf("--key %s: %w", displayName(name), err)
		}
		out = append(out, keys...)
	}
	return out, nil
}

func parseKeys(data []byte) ([]seal.Key, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		key, err := seal.ParsePublic(data)
		return []seal.Key{key}, err
	}
	var file struct {
		Keys []struct {
			ID  string `json:"kid"`
			PEM string `json:"pem"`
			End string `json:"not_after"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Keys) == 0 {
		return nil, errors.New("it holds no keys: save the App's /.well-known/platform-keys.json, or a public key in PEM")
	}
	var out []seal.Key
	for _, k := range file.Keys {
		key, err := seal.ParsePublic([]byte(k.PEM))
		if err != nil {
			return nil, fmt.Errorf("key %.80q: %w", k.ID, err)
		}
		if key.ID != k.ID {
			return nil, fmt.Errorf("key %.80q has the name of another key: its own is %s", k.ID, key.ID)
		}
		if key.NotAfter, err = time.Parse(time.RFC3339, k.End); err != nil && k.End != "" {
			return nil, fmt.Errorf("key %.80q ends at %.40q, which is no time", k.ID, k.End)
		}
		out = append(out, key)
	}
	return out, nil
}

// readAtMost reads a file whole, or not at all.
func readAtMost(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(fmt.Errorf("%s is a folder: name a file", displayName(name)), err)
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", displayName(name), err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s has more than %d KiB", displayName(name), most>>10)
	}
	return data, nil
}
