package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/ledger"
	"github.com/org/platform-action/internal/verdict"
)

const (
	mostHeads    = 50 // commits whose check runs are read
	shortestHead = 8  // digits of a chain as check runs showed it once
	wholeHead    = 64
)

var shownHead = regexp.MustCompile("ledger entry ([0-9]{1,18}) · `([0-9a-f]{8,64})`")

// atGitHub holds the ledger against the check runs of the newest pull requests, and of the newest commits that it names.
// Pull requests are asked for as well because a ledger that was cut off does not name what it lost.
func (o *ledgerOptions) atGitHub(ctx context.Context, s streams, f *findings, l exported) error {
	hub, repo, err := reader(s, o.repo)
	if err != nil {
		return err
	}
	var about struct {
		ID int64 `json:"id"`
	}
	if err := hub.Get(ctx, repo, &about); err != nil {
		return &faultError{err}
	}
	if about.ID != l.head.Repository {
		f.wrong("%s is repository %d at GitHub, and the ledger is of %d", strings.TrimPrefix(repo, "repos/"), about.ID, l.head.Repository)
		return nil
	}
	heads, err := o.heads(ctx, hub, repo, l)
	if err != nil {
		return &faultError{err}
	}
	count := 0
	for _, sha := range heads {
		var list struct {
			Runs []struct {
				Name   string `json:"name"`
				Output struct {
					Summary string `json:"summary"`
				} `json:"output"`
			} `json:"check_runs"`
		}
		err := hub.Get(ctx, repo+"/commits/"+sha+"/check-runs?filter=all&per_page=100", &list)
		if errors.Is(err, control.ErrGone) {
			continue // a commit that GitHub no longer has
		}
		if err != nil {
			return &faultError{err}
		}
		for _, r := range list.Runs {
			if r.Name != github.CheckName && r.Name != github.TestedName {
				continue
			}
			for _, m := range shownHead.FindAllStringSubmatch(r.Output.Summary, -1) {
				count++
				f.shown(fmt.Sprintf("check run %s on %.7s", r.Name, sha), l, m[1], m[2])
			}
		}
	}
	if count == 0 {
		f.open("anything against GitHub: none of %d commits has a check run with an entry of the ledger", len(heads))
		return &outcomeError{verdict.Undecided} // it was to be held against something
	}
	f.open("entries that no check run of these %d commits shows", len(heads))
	return nil
}

func (o *ledgerOptions) heads(ctx context.Context, hub *github.Reader, repo string, l exported) ([]string, error) {
	var pulls []struct {
		Head struct {
			SHA string `json:"sha"`
		} `json:"head"`
	}
	if err := hub.Get(ctx, repo+"/pulls?state=all&sort=updated&direction=desc&per_page="+strconv.Itoa(mostHeads/2), &pulls); err != nil {
		return nil, err
	}
	var out []string
	for _, p := range pulls {
		if wholeID.MatchString(p.Head.SHA) && !slices.Contains(out, p.Head.SHA) {
			out = append(out, p.Head.SHA)
		}
	}
	for _, e := range slices.Backward(l.entries) {
		var body struct {
			Head string `json:"head"` // of verdicts on pull requests
		}
		if json.Unmarshal(e.Body, &body) == nil && wholeID.MatchString(body.Head) && !slices.Contains(out, body.Head) && len(out) < mostHeads {
			out = append(out, body.Head)
		}
	}
	return out, nil
}

// shown is seen for a head of which only the first digits are shown.
func (f *findings) shown(where string, l exported, sequence, digits string) {
	n, err := strconv.ParseInt(sequence, 10, 64)
	if err != nil || len(digits) < shortestHead {
		f.wrong("%s shows an entry that is none: %s", where, sequence)
		return
	}
	if len(digits) < wholeHead {
		where += fmt.Sprintf(" (its first %d digits)", len(digits))
	}
	h := ledger.Head{Sequence: n, Chain: "sha256:" + digits}
	if n >= 1 && n <= int64(len(l.entries)) && strings.HasPrefix(l.entries[n-1].Chain, h.Chain) {
		h.Chain = l.entries[n-1].Chain
	}
	f.seen(where, l, h)
}

// reader reads one repository of GitHub with the token of the environment.
func reader(s streams, repo string) (*github.Reader, string, error) {
	if repo == "" {
		repo = s.env("GITHUB_REPOSITORY")
	}
	owner, name, ok := strings.Cut(repo, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, "", fmt.Errorf("--repo %.100q is no OWNER/NAME", repo)
	}
	token := s.env("GITHUB_TOKEN")
	if token == "" {
		return nil, "", errors.New("GITHUB_TOKEN is not set: give one that may read the repository (`GITHUB_TOKEN=$(gh auth token)`)")
	}
	address := s.env("GITHUB_API_URL")
	if address == "" {
		address = "https://api.github.com"
	}
	hub, err := github.NewReader(address, token)
	return hub, "repos/" + url.PathEscape(owner) + "/" + url.PathEscape(name), err
}
