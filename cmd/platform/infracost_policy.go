package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/memfs"
	"github.com/org/platform-action/internal/policy"
)

// maxPolicyBytes bounds one policy file.
const maxPolicyBytes = 1 << 20

// judge asks Infracost's policies (data.infracost.deny) about all projects together, as the original does.
func (c combined) judge(ctx context.Context, patterns []string) (policy.Result, error) {
	files, err := policyFiles(patterns)
	if err != nil {
		return policy.Result{}, err
	}
	set, err := policy.Compile(ctx, policy.Options{Bundles: []policy.Bundle{{Name: "--policy-path", FS: files}}})
	if err != nil {
		return policy.Result{}, fmt.Errorf("--policy-path: %w", err)
	}
	var wanted bool
	for _, r := range set.Rules() {
		wanted = wanted || r.Dialect == policy.DialectInfracost
	}
	if !wanted {
		return policy.Result{}, fmt.Errorf("--policy-path: no rule named deny in package infracost is there: nothing would be checked")
	}
	result, err := set.Evaluate(ctx, policy.Input{Infracost: func() (any, error) {
		var b bytes.Buffer
		err := infracost.Write(&b, c.projects, c.currency, infracost.Options{Command: "comment"})
		return json.RawMessage(b.Bytes()), err
	}})
	if err != nil {
		return result, &faultError{err}
	}
	return result, nil
}

// policyFiles reads files, folders and patterns into one bundle.
func policyFiles(patterns []string) (*memfs.FS, error) {
	out := memfs.New()
	found := 0
	add := func(file string) error {
		data, err := readFile(file, maxPolicyBytes)
		if err != nil {
			return fmt.Errorf("--policy-path: %w", err)
		}
		if len(data) > maxPolicyBytes {
			return fmt.Errorf("--policy-path: %s is larger than %d MiB", file, maxPolicyBytes>>20)
		}
		found++
		out.Add(strings.TrimLeft(strings.ReplaceAll(filepath.ToSlash(filepath.Clean(file)), "../", ""), "/"), data)
		return nil
	}
	for _, p := range patterns {
		matches, err := filepath.Glob(p)
		if err != nil || len(matches) == 0 {
			return nil, fmt.Errorf("--policy-path %s: no such file: a policy that is not there would be a policy that passes", p)
		}
		for _, m := range matches {
			if !isFolder(m) {
				if err := add(m); err != nil {
					return nil, err
				}
				continue
			}
			inner, err := filepath.Glob(filepath.Join(m, "*.rego"))
			if err != nil {
				return nil, err
			}
			for _, file := range inner {
				if err := add(file); err != nil {
					return nil, err
				}
			}
		}
	}
	if found == 0 {
		return nil, fmt.Errorf("--policy-path: no .rego file is there: nothing would be checked")
	}
	return out, nil
}

// markerOf is the hidden line that comments of one tag are found by.
func markerOf(tag string) (string, error) {
	if tag == "" {
		return "<!-- platform:infracost:v1 -->", nil
	}
	if len(tag) > 100 || strings.IndexFunc(tag, func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && r != '/' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) >= 0 || strings.Contains(tag, "--") {
		return "", fmt.Errorf("--tag %.40q: take up to 100 letters, digits, dots, slashes, underscores and single hyphens", tag)
	}
	return "<!-- platform:infracost:v1 " + tag + " -->", nil
}

// additional is the text of --additional-comment-data-path, of which nothing is known: it is not shown here.
func additional(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("--additional-comment-data-path: %w", err)
	}
	return fmt.Errorf("--additional-comment-data-path is not here: write the text to the pull request by a step of its own")
}
