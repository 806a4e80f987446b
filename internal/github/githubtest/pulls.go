package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// pull is a pull request.
type pull struct {
	pullState
	number   int
	title    string
	author   string
	headRef  string
	headRepo *Repo
	created  time.Time
	reviews  []review
	brought  []string // commits of the base that it came with, once it is merged
	merged   time.Time
	lagged   pullState // before the last push
}

// pullState is what reads may answer late.
type pullState struct {
	head, base  string // commit; branch
	open, draft bool
	merge       string // test merge
	updated     time.Time
}

func (p *pull) now() pullState { return p.pullState }

// OpenPull opens a pull request between two branches of the repository.
func (r *Repo) OpenPull(title, head, base, author string) int {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.openPull(title, r, head, base, author)
}

func (r *Repo) openPull(title string, from *Repo, head, base, author string) int {
	r.issues++
	r.s.person(author)
	now := r.s.o.Now()
	p := &pull{
		pullState: pullState{head: from.branches[head], base: base, open: true, updated: now}, number: r.issues, title: title,
		author: author, headRef: head, headRepo: from, created: now,
	}
	p.lagged = p.pullState
	r.pulls[p.number] = p
	r.testMerge(p)
	return p.number
}

// ForkPull opens a pull request from a new fork of somebody's, with these changes.
func (r *Repo) ForkPull(title, author, base string, changes map[string]string) int {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	fork := r.s.newRepo(Account{ID: r.s.person(author), Login: author, Kind: "User"}, r.name, r.net)
	fork.fork = true
	from := r.branches[base]
	c := r.net.commit(r.net.changed(r.net.commits[from].files, changes), []string{from}, "from a fork", r.s.o.Now())
	fork.branches["patch"] = c.sha
	return r.openPull(title, fork, "patch", base, author)
}

// ClosePull closes it; Reopen opens it again.
func (r *Repo) ClosePull(n int) { r.edit(n, func(p *pull) { p.open = false }) }

// Reopen opens it again.
func (r *Repo) Reopen(n int) { r.edit(n, func(p *pull) { p.open = true }) }

// Retarget changes the branch that it goes to.
func (r *Repo) Retarget(n int, base string) { r.edit(n, func(p *pull) { p.base = base }) }

// SetDraft makes it a draft, or ready.
func (r *Repo) SetDraft(n int, draft bool) { r.edit(n, func(p *pull) { p.draft = draft }) }

func (r *Repo) edit(n int, do func(*pull)) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pulls[n]
	p.lagged = p.pullState
	do(p)
	p.updated = r.s.o.Now()
	r.testMerge(p)
}

// PullHead is the commit of a pull request.
func (r *Repo) PullHead(n int) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.pulls[n].head
}

// PullMerge is the commit of its test merge, which a pull_request workflow runs on.
func (r *Repo) PullMerge(n int) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.pulls[n].merge
}

// Merge merges it into its base.
func (r *Repo) Merge(n int) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pulls[n]
	base := r.branches[p.base]
	c := r.net.commit(r.net.merged(base, p.head), []string{base, p.head}, "Merge "+p.title, r.s.o.Now())
	p.open, p.updated, p.merged = false, r.s.o.Now(), r.s.o.Now()
	p.brought, p.merge = append(p.brought, c.sha), c.sha
	r.move(p.base, c.sha)
	return c.sha
}

// Brought says that a commit of its base came with a merged pull request, too.
func (r *Repo) Brought(n int, sha string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.pulls[n].brought = append(r.pulls[n].brought, sha)
}

// MergeGroup makes the commit that a merge queue would test for it.
func (r *Repo) MergeGroup(n int) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pulls[n]
	base := r.branches[p.base]
	c := r.net.commit(r.net.merged(base, p.head), []string{base}, fmt.Sprintf("queue #%d", n), r.s.o.Now())
	r.branches[groupRef(p.base, n, base)] = c.sha
	return c.sha
}

func groupRef(base string, n int, sha string) string {
	return fmt.Sprintf("gh-readonly-queue/%s/pr-%d-%s", base, n, sha)
}

func (r *Repo) testMerge(p *pull) {
	base := r.branches[p.base]
	if base == "" || r.net.commits[p.head] == nil {
		p.merge = ""
		return
	}
	p.merge = r.net.commit(r.net.merged(base, p.head), []string{base, p.head}, "Merge "+p.head+" into "+base, p.created).sha
}

func (s *Server) pullRoutes() {
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/pulls", needs: "pull_requests:read", do: s.listPulls})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/pulls/{pull_number}", needs: "pull_requests:read", do: s.getPull})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/pulls/{pull_number}/files", needs: "pull_requests:read", do: s.pullFiles})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/compare/{basehead}", needs: "contents:read", do: s.compare})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", needs: "pull_requests:read", do: s.commitPulls})
}

// commitPulls lists the pull requests that a commit came with, and the open ones that it is the head of.
func (s *Server) commitPulls(c *call) answer {
	sha := c.PathValue("commit_sha")
	if c.repo.net.commits[sha] == nil {
		return refuse(http.StatusUnprocessableEntity, "No commit found for SHA: %s", sha)
	}
	var all []any
	for _, n := range slices.Sorted(maps.Keys(c.repo.pulls)) {
		if p := c.repo.pulls[n]; slices.Contains(p.brought, sha) || p.head == sha {
			all = append(all, c.repo.pullJSON(p, p.pullState))
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: list, header: header}
}

func (s *Server) listPulls(c *call) answer {
	q := c.URL.Query()
	var all []any
	for _, n := range slices.Sorted(maps.Keys(c.repo.pulls)) {
		p := c.repo.pulls[n]
		if state := q.Get("state"); state == "all" || (state == "closed") != p.open {
			all = append(all, c.repo.pullJSON(p, p.pullState))
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: list, header: header}
}

func (s *Server) getPull(c *call) answer {
	p := c.repo.pulls[int(c.number("pull_number"))]
	if p == nil {
		return notFound()
	}
	state := p.pullState
	if c.repo.lag > 0 {
		c.repo.lag--
		state = p.lagged
	}
	return ok(c.repo.pullJSON(p, state))
}

func (r *Repo) pullJSON(p *pull, at pullState) object {
	state := "closed"
	if at.open {
		state = "open"
	}
	var merge any
	if at.merge != "" {
		merge = at.merge
	}
	base := r.branches[at.base]
	changed := 0
	if b, h := r.net.commits[r.net.mergeBase(base, at.head)], r.net.commits[at.head]; b != nil && h != nil {
		changed = len(between(b.files, h.files))
	}
	author := object{"id": r.s.person(p.author), "login": p.author, "type": "User"}
	var merged any
	if !p.merged.IsZero() {
		merged = stamp(p.merged)
	}
	return object{
		"id": r.ID*1000 + int64(p.number), "number": p.number, "title": p.title, "state": state, "draft": at.draft, "locked": false,
		"user": author, "body": "", "created_at": stamp(p.created), "updated_at": stamp(at.updated), "merge_commit_sha": merge,
		"changed_files": changed, "comments": r.commentCount(p.number), "merged": merged != nil, "merged_at": merged, "mergeable": true,
		"html_url": fmt.Sprintf("https://github.com/%s/pull/%d", r.FullName(), p.number),
		"head":     object{"ref": p.headRef, "sha": at.head, "label": p.headRepo.owner.Login + ":" + p.headRef, "repo": p.headRepo.json(), "user": p.headRepo.owner.json()},
		"base":     object{"ref": at.base, "sha": base, "label": r.owner.Login + ":" + at.base, "repo": r.json(), "user": r.owner.json()},
	}
}

// stamp is a time as GitHub writes it: whole seconds.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (s *Server) pullFiles(c *call) answer {
	p := c.repo.pulls[int(c.number("pull_number"))]
	if p == nil {
		return notFound()
	}
	r := c.repo
	base := r.net.mergeBase(r.branches[p.base], p.head)
	var all []any
	for _, d := range between(r.net.commits[base].files, r.net.commits[p.head].files) {
		if len(all) < 3000 {
			all = append(all, d.json())
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: list, header: header}
}

func (d difference) json() object {
	out := object{"filename": d.path, "status": d.status, "sha": d.blob, "additions": 1, "deletions": 0, "changes": 1}
	if d.before != "" {
		out["previous_filename"] = d.before
	}
	return out
}

// find is the commit that a name stands for: an id, a branch, or one of a fork as owner:branch.
func (r *Repo) find(name string) *commit {
	name = strings.TrimPrefix(name, "refs/")
	if c := r.net.commits[name]; c != nil {
		return c
	}
	if sha, ok := r.branches[strings.TrimPrefix(name, "heads/")]; ok {
		return r.net.commits[sha]
	}
	return nil
}

func (s *Server) compare(c *call) answer {
	left, right, _ := strings.Cut(c.PathValue("basehead"), "...")
	base, head := c.repo.find(left), c.repo.find(right)
	if base == nil || head == nil {
		return notFound()
	}
	sha := c.repo.net.mergeBase(base.sha, head.sha)
	if sha == "" {
		return refuse(http.StatusNotFound, "No common ancestor between %s and %s.", left, right)
	}
	fork := c.repo.net.commits[sha]
	files := []any{}
	for _, d := range between(fork.files, head.files) {
		if len(files) < 300 {
			files = append(files, d.json())
		}
	}
	brought := s.brought(c.repo, base.sha, head.sha)
	list, header := paged(s, c, brought)
	return answer{status: http.StatusOK, header: header, body: object{
		"status": "ahead", "ahead_by": len(brought), "behind_by": 0, "total_commits": len(brought), "commits": list,
		"base_commit": base.json(), "merge_base_commit": fork.json(), "files": files,
	}}
}

// brought are the commits that lead to one and not to another, with who wrote them.
func (s *Server) brought(r *Repo, base, head string) []any {
	had, list := r.net.ancestors(base), []any{}
	for _, sha := range slices.Sorted(maps.Keys(r.net.ancestors(head))) {
		if had[sha] {
			continue
		}
		c := r.net.commits[sha]
		out := c.json()
		out["author"] = s.user(or(c.author, "writer"))
		out["committer"] = out["author"]
		list = append(list, out)
	}
	return list
}

// Author says who wrote and committed a commit.
func (r *Repo) Author(sha, login string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.net.commits[sha].author = login
}

func (c *commit) json() object {
	parents := []any{}
	for _, p := range c.parents {
		parents = append(parents, object{"sha": p})
	}
	return object{"sha": c.sha, "parents": parents, "commit": object{"message": "change", "tree": object{"sha": c.tree}}}
}
