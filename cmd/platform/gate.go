package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/gate/lock"
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
func outcomeOf(v seal.Verdict) error {
	if outcome := (lock.Answer{Verdict: v}).Outcome(); outcome != verdict.Allow {
		return &outcomeError{outcome}
	}
	return nil
}

// readKeys reads the keys that the user pins: PEM files, or copies of the App's platform-keys.json.
func readKeys(names []string) ([]seal.Key, error) {
	var out []seal.Key
	for _, name := range names {
		data, err := readAtMost(name, seal.MaxBytes)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		keys, err := lock.PinnedKeys(data)
		if err != nil {
			return nil, fmt.Errorf("--key %s: %w", displayName(name), err)
		}
		out = append(out, keys...)
	}
	return out, nil
}

// readBundles reads what proves how artifacts were built, for the App to judge.
func readBundles(names []string) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, name := range names {
		data, err := readAtMost(name, seal.MaxBundles)
		if err != nil {
			return nil, fmt.Errorf("--bundle: %w", err)
		}
		list, err := lock.Bundles(data)
		if err != nil {
			return nil, fmt.Errorf("--bundle %s: %w", displayName(name), err)
		}
		out = append(out, list...)
	}
	if err := lock.FitBundles(out); err != nil {
		return nil, fmt.Errorf("--bundle: %w", err)
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
