package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrNoRepository means that a folder is in no work tree of git.
var ErrNoRepository = errors.New("no git repository is around this folder")

// State is what is checked out, as git's own objects say it.
type State struct {
	Commit, Tree string
	// Changed are tracked files that differ from the commit, and those that git was told not to look at, for nobody can
	// tell of them; sorted.
	Changed []string
}

// Head reads the state of the work tree around dir. The repository may be hostile: it can replace no object, start no
// hook and no monitor, and no variable of the environment points to another one.
func Head(ctx context.Context, dir string) (State, error) {
	var s State
	root, err := careful(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return s, err
	}
	root = strings.TrimSuffix(root, "\n")
	if s.Commit, err = object(ctx, root, "HEAD^{commit}"); err != nil {
		return s, err
	}
	if s.Tree, err = object(ctx, root, s.Commit+"^{tree}"); err != nil {
		return s, err
	}
	status, err := careful(ctx, root, "status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=none")
	if err != nil {
		return s, err
	}
	for line := range strings.SplitSeq(status, "\x00") {
		if len(line) > 3 {
			s.Changed = append(s.Changed, line[3:])
		}
	}
	hidden, err := hidden(ctx, root)
	if err != nil {
		return s, err
	}
	s.Changed = append(s.Changed, hidden...)
	slices.Sort(s.Changed)
	s.Changed = slices.Compact(s.Changed)
	return s, nil
}

// TreeOf is the tree of a commit of the repository around dir.
func TreeOf(ctx context.Context, dir, commit string) (string, error) {
	return object(ctx, dir, commit+"^{tree}")
}

func object(ctx context.Context, dir, name string) (string, error) {
	out, err := careful(ctx, dir, "rev-parse", "--verify", "--end-of-options", name)
	return strings.TrimSpace(out), err
}

// hidden are the files that are marked as not to be looked at (git update-index --assume-unchanged, --skip-worktree).
// A sparse checkout marks the files that it leaves out: those are no danger. Where there is none, a marked file that is gone
// was removed.
func hidden(ctx context.Context, root string) ([]string, error) {
	list, err := careful(ctx, root, "ls-files", "-v", "-z")
	if err != nil {
		return nil, err
	}
	sparse, err := careful(ctx, root, "config", "--type=bool", "--default=false", "--get", "core.sparseCheckout")
	if err != nil {
		return nil, err
	}
	leaves := strings.TrimSpace(sparse) == "true"
	var out []string
	for line := range strings.SplitSeq(list, "\x00") {
		if len(line) < 3 || line[0] == 'H' || line[0] == 'M' {
			continue
		}
		name := line[2:]
		if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); line[0] == 'S' && leaves && errors.Is(err, os.ErrNotExist) {
			continue
		}
		out = append(out, name)
	}
	return out, nil
}

// careful runs git so that nothing of the repository's own making is run or believed. Filters of .gitattributes are
// what git itself asks for, and stay.
func careful(ctx context.Context, dir string, args ...string) (string, error) {
	options := []string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.checkStat=default", "-c", "core.trustctime=true",
		"-c", "core.ignoreStat=false", "-c", "core.untrackedCache=false", "-c", "protocol.allow=never"}
	cmd := exec.CommandContext(ctx, "git", append(options, args...)...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	cmd.Env = append(cmd.Env, "GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	var out, errText bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errText
	switch err := cmd.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not on the PATH: install it")
	case err != nil && strings.Contains(errText.String(), "not a git repository"):
		return "", ErrNoRepository
	case err != nil && strings.Contains(errText.String(), "must be run in a work tree"):
		return "", ErrNoRepository
	case err != nil:
		return "", fmt.Errorf("git %s: %.500s", args[0], strings.TrimSpace(errText.String()))
	}
	return out.String(), nil
}
