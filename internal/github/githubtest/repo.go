package githubtest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Account is who owns repositories.
type Account struct {
	ID    int64
	Login string
	Kind  string // Organization or User
}

// Installation is the App in an account.
type Installation struct {
	ID        int64
	Account   Account
	suspended bool
	repos     map[int64]bool
}

// Repo is a repository.
type Repo struct {
	s             *Server
	ID            int64
	owner         Account
	name          string
	defaultBranch string
	archived      bool
	gone          bool
	fork          bool
	installation  int64
	net           *network
	branches      map[string]string
	pulls         map[int]*pull
	issues        int
	comments      []*Comment
	checks        []*CheckRun
	checkOf       map[string][]*CheckRun
	roles         map[string]string
	runs          map[int64]Run
	artifacts     []*Artifact
	gates         []*Gate
	opened        []Issue
	deployments   []*deployment
	attestations  map[string][]json.RawMessage // by the artifact
	protected     map[string]bool              // branches
	replaced      map[string][]byte            // archives to serve instead of the real ones, by commit
	lag           int
}

// Install puts the App into an account.
func (s *Server) Install(login string) *Installation {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := &Installation{ID: s.id(), Account: Account{ID: s.person(login), Login: login, Kind: "Organization"}, repos: map[int64]bool{}}
	s.installations[i.ID] = i
	return i
}

// Suspend suspends the installation, or ends that.
func (s *Server) Suspend(i *Installation, suspended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.suspended = suspended
}

// Uninstall takes the App out of an account.
func (s *Server) Uninstall(i *Installation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.installations, i.ID)
}

// AddRepository makes an empty repository that the installation reaches.
func (s *Server) AddRepository(i *Installation, name string) *Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.newRepo(i.Account, name, newNetwork())
	r.installation = i.ID
	i.repos[r.ID] = true
	return r
}

func (s *Server) newRepo(owner Account, name string, net *network) *Repo {
	r := &Repo{
		s: s, ID: s.id(), owner: owner, name: name, defaultBranch: "main", net: net, branches: map[string]string{}, pulls: map[int]*pull{},
		roles: map[string]string{}, runs: map[int64]Run{}, protected: map[string]bool{}, replaced: map[string][]byte{}, checkOf: map[string][]*CheckRun{},
	}
	s.repos[r.ID] = r
	s.names[strings.ToLower(owner.Login+"/"+name)] = r
	return r
}

// person is the id of a login, which gets one when it is first spoken of.
func (s *Server) person(login string) int64 {
	key := strings.ToLower(login)
	if s.people[key] == 0 {
		s.people[key] = s.id()
	}
	return s.people[key]
}

// PersonID is the id of a login.
func (s *Server) PersonID(login string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.person(login)
}

// FullName is owner/name as of now.
func (r *Repo) FullName() string { return r.owner.Login + "/" + r.name }

// Owner is whose it is.
func (r *Repo) Owner() Account { return r.owner }

// Commit adds a commit to a branch: changes are whole texts by path, an empty one deletes. A new branch begins at the
// default branch.
func (r *Repo) Commit(branch string, changes map[string]string) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.push(branch, func(files map[string]string) map[string]string { return r.net.changed(files, changes) }, "change")
}

// CommitFS adds a commit that holds just these files.
func (r *Repo) CommitFS(branch string, from fs.FS) (string, error) {
	files := map[string]string{}
	err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		return "", err
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.push(branch, func(map[string]string) map[string]string { return r.net.changed(nil, files) }, "import"), nil
}

func (r *Repo) push(branch string, change func(map[string]string) map[string]string, message string) string {
	var parents []string
	var files map[string]string
	from := r.branches[branch]
	if from == "" {
		from = r.branches[r.defaultBranch]
	}
	if from != "" {
		parents, files = []string{from}, r.net.commits[from].files
	}
	c := r.net.commit(change(files), parents, message, r.s.o.Now())
	r.move(branch, c.sha)
	return c.sha
}

// move points a branch to a commit; the pull requests that it is the head of follow.
func (r *Repo) move(branch, sha string) {
	r.branches[branch] = sha
	for _, base := range r.s.repos {
		if base.net != r.net {
			continue
		}
		for _, p := range base.pulls {
			if p.headRepo == r && p.headRef == branch && p.open {
				p.lagged = p.now()
				p.head = sha
				p.updated = r.s.o.Now()
				base.testMerge(p)
			}
		}
	}
}

// ForcePush lets a branch begin anew at the default branch, with these changes.
func (r *Repo) ForcePush(branch string, changes map[string]string) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	from := r.branches[r.defaultBranch]
	c := r.net.commit(r.net.changed(r.net.commits[from].files, changes), []string{from}, "forced", r.s.o.Now())
	r.move(branch, c.sha)
	return c.sha
}

// Head is the commit of a branch.
func (r *Repo) Head(branch string) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.branches[branch]
}

// Tree is git's id of the tree of a commit.
func (r *Repo) Tree(sha string) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.net.commits[sha].tree
}

// Branch lets a branch point to a commit.
func (r *Repo) Branch(name, sha string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.move(name, sha)
}

// Rename gives it another name; the old one answers with a redirect.
func (r *Repo) Rename(name string) { r.relocate(r.owner, name) }

// Transfer gives it to another account, out of the reach of its installation.
func (r *Repo) Transfer(to Account) {
	r.relocate(to, r.name)
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if i := r.s.installations[r.installation]; i != nil {
		delete(i.repos, r.ID)
	}
}

func (r *Repo) relocate(owner Account, name string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	old := strings.ToLower(r.FullName())
	delete(r.s.names, old)
	r.s.moved[old] = r
	r.owner, r.name = owner, name
	key := strings.ToLower(r.FullName())
	delete(r.s.moved, key)
	r.s.names[key] = r
}

// Remove takes the repository out of its installation.
func (r *Repo) Remove() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	delete(r.s.installations[r.installation].repos, r.ID)
}

// Archive makes it read-only.
func (r *Repo) Archive() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.archived = true
}

// SetRole says what somebody may do: none, read, triage, write, maintain or admin.
func (r *Repo) SetRole(login, role string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.person(login)
	r.roles[strings.ToLower(login)] = role
}

// Lag lets the next n reads of pull requests answer the state before the last push.
func (r *Repo) Lag(n int) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.lag = n
}

// Files lists the paths of a commit.
func (r *Repo) Files(sha string) []string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return slices.Sorted(maps.Keys(r.net.commits[sha].files))
}

func (s *Server) repoRoutes() {
	get := func(c *call) answer { return ok(c.repo.json()) }
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}", needs: "metadata:read", do: get})
	s.handle(endpoint{pattern: "GET /repositories/{repository_id}", needs: "metadata:read", do: get})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/collaborators/{username}/permission", needs: "metadata:read", do: s.role})
	s.handle(endpoint{pattern: "GET /installation/repositories", as: asInstallation, do: s.installed})
}

func (s *Server) role(c *call) answer {
	login := strings.ToLower(c.PathValue("username"))
	id, known := s.people[login]
	if !known {
		return notFound()
	}
	role := c.repo.roles[login]
	if role == "" {
		role = "read"
	}
	base := map[string]string{"triage": "read", "maintain": "write"}[role]
	if base == "" {
		base = role
	}
	return ok(object{"permission": base, "role_name": role, "user": object{"login": login, "id": id, "type": "User"}})
}

func (s *Server) installed(c *call) answer {
	i := s.installations[c.token.installation]
	var all []any
	for _, id := range slices.Sorted(maps.Keys(i.repos)) {
		all = append(all, s.repos[id].json())
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: object{"total_count": len(all), "repositories": list}, header: header}
}

func (r *Repo) json() object {
	return object{
		"id": r.ID, "node_id": fmt.Sprintf("R_%d", r.ID), "name": r.name, "full_name": r.FullName(), "private": true, "fork": r.fork,
		"owner":          r.owner.json(),
		"default_branch": r.defaultBranch, "archived": r.archived, "disabled": false, "visibility": "private",
		"html_url": "https://github.com/" + r.FullName(), "url": r.s.base + "/repos/" + r.FullName(),
	}
}

func (a Account) json() object {
	return object{"id": a.ID, "login": a.Login, "type": a.Kind, "node_id": fmt.Sprintf("U_%d", a.ID), "site_admin": false}
}

// Installation is the id of the installation that the repository was added to.
func (r *Repo) Installation() int64 { return r.installation }

// Text is the content of a file on a branch; empty where there is none.
func (r *Repo) Text(branch, path string) string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	c := r.net.commits[r.branches[branch]]
	if c == nil {
		return ""
	}
	return string(r.net.blobs[c.files[path]])
}

// Repository is that of owner and name; nil where there is none.
func (s *Server) Repository(owner, name string) *Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[strings.ToLower(owner+"/"+name)]
}
