package githubtest

import (
	"encoding/json"
	"strings"
	"time"
)

// Ping is what GitHub sends first.
func (s *Server) Ping() Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.event("ping", "", object{"zen": "Keep it logically awesome.", "hook_id": 1, "hook": object{"type": "App", "id": 1}})
}

// event makes one. The caller holds the lock.
func (s *Server) event(name, action string, body object) Event {
	if action != "" {
		body["action"] = action
	}
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // the body is made here, of what JSON can hold
	}
	return Event{Name: name, GUID: s.guid(), Action: action, Body: data}
}

// of adds what every event of a repository has.
func (r *Repo) event(name, action, sender string, body object) Event {
	kind := "User"
	if strings.HasSuffix(sender, "[bot]") {
		kind = "Bot"
	}
	body["repository"] = r.json()
	body["installation"] = object{"id": r.installation, "node_id": "I_1"}
	body["organization"] = r.owner.json()
	body["sender"] = object{"id": r.s.person(sender), "login": sender, "type": kind}
	e := r.s.event(name, action, body)
	e.installation, e.repository = r.installation, r.ID
	return e
}

// PullEvent is what happens to a pull request: opened, synchronize, reopened, closed, edited, ready_for_review, …
func (r *Repo) PullEvent(action string, n int) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pulls[n]
	return r.event("pull_request", action, p.author, object{"number": n, "pull_request": r.pullJSON(p, p.pullState)})
}

// RetargetEvent says that a pull request goes to another branch now.
func (r *Repo) RetargetEvent(n int, from string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pulls[n]
	changes := object{"base": object{"ref": object{"from": from}, "sha": object{"from": r.branches[from]}}}
	return r.event("pull_request", "edited", p.author, object{"number": n, "pull_request": r.pullJSON(p, p.pullState), "changes": changes})
}

// PushEvent says that a branch has moved.
func (r *Repo) PushEvent(branch, before, sender string, files ...string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	after := r.branches[branch]
	return r.event("push", "", sender, object{
		"ref": "refs/heads/" + branch, "before": before, "after": after, "created": false, "deleted": false, "forced": false,
		"commits": []any{object{"id": after, "added": []string{}, "removed": []string{}, "modified": files}},
		"pusher":  object{"name": sender},
	})
}

// MergeGroupEvent asks for checks of a merge queue's commit.
func (r *Repo) MergeGroupEvent(n int, sha string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pulls[n]
	base := r.branches[p.base]
	return r.event("merge_group", "checks_requested", p.author, object{"merge_group": object{
		"head_sha": sha, "head_ref": "refs/heads/" + groupRef(p.base, n, base), "base_sha": base, "base_ref": "refs/heads/" + p.base,
		"head_commit": object{"id": sha},
	}})
}

// CheckRunEvent is somebody's click: rerequested, or requested_action with the button's identifier.
func (r *Repo) CheckRunEvent(action, sha, identifier, sender string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	var run object
	if list := r.checkOf[sha]; len(list) > 0 {
		run = r.s.checkJSON(list[len(list)-1])
	} else {
		run = object{"id": r.s.id(), "head_sha": sha, "app": r.s.appJSON()}
	}
	var pulls []any
	for _, p := range r.pulls {
		if p.head == sha {
			pulls = append(pulls, object{"number": p.number})
		}
	}
	run["pull_requests"] = pulls
	body := object{"check_run": run}
	if identifier != "" {
		body["requested_action"] = object{"identifier": identifier}
	}
	return r.event("check_run", action, sender, body)
}

// CheckSuiteEvent asks for all of the App's checks on a commit again.
func (r *Repo) CheckSuiteEvent(action, sha, sender string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.event("check_suite", action, sender, object{"check_suite": object{"id": r.s.id(), "head_sha": sha, "app": r.s.appJSON()}})
}

// CommentEvent is what happens to a comment: created, edited or deleted.
func (r *Repo) CommentEvent(action string, id int64, sender string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	m := r.comment(id)
	if m == nil { // it is gone by now
		m = &Comment{ID: id, Login: sender, Created: r.s.o.Now(), Updated: r.s.o.Now()}
	}
	return r.event("issue_comment", action, sender, object{
		"comment": r.s.commentJSON(m),
		"issue":   object{"number": m.Pull, "title": "a change", "state": "open", "pull_request": object{"url": "https://api.github.com/"}},
	})
}

// DeletedCommentEvent says that a comment which GitHub has no longer was deleted.
func (r *Repo) DeletedCommentEvent(was Comment, sender string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.event("issue_comment", "deleted", sender, object{
		"comment": r.s.commentJSON(&was),
		"issue":   object{"number": was.Pull, "title": "a change", "state": "open", "pull_request": object{"url": "https://api.github.com/"}},
	})
}

// RepositoryEvent says that it was renamed, transferred, archived, …
func (r *Repo) RepositoryEvent(action, sender string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.event("repository", action, sender, object{"changes": object{}})
}

// InstallationEvent says what happened to an installation: created, deleted, suspend, …
func (s *Server) InstallationEvent(action string, i *Installation, sender string) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []any
	for id := range i.repos {
		list = append(list, object{"id": id, "name": s.repos[id].name, "full_name": s.repos[id].FullName(), "private": true})
	}
	e := s.event("installation", action, object{
		"installation": s.installationJSON(i), "repositories": list, "sender": object{"id": s.person(sender), "login": sender, "type": "User"},
	})
	e.installation = i.ID
	return e
}

// InstallationRepositoriesEvent says that the App reaches more or fewer repositories.
func (s *Server) InstallationRepositoriesEvent(action string, i *Installation, sender string) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.event("installation_repositories", action, object{
		"installation": s.installationJSON(i), "repositories_added": []any{}, "repositories_removed": []any{}, "repository_selection": "selected",
		"requester": nil, "sender": object{"id": s.person(sender), "login": sender, "type": "User"},
	})
	e.installation = i.ID
	return e
}

// JobEvent says that a job of a workflow, which has a check run of its own, has ended on a commit.
func (r *Repo) JobEvent(sha string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.event("check_run", "completed", "writer", object{"check_run": object{
		"id": r.s.id(), "name": "test", "head_sha": sha, "status": "completed", "app": object{"id": 15368, "slug": "github-actions"},
		"check_suite": object{"id": r.s.id(), "head_sha": sha},
	}})
}

// Settle waits until done says so, for as long as limit.
func Settle(limit time.Duration, done func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}
