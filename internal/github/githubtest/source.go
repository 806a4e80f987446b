package githubtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) sourceRoutes() {
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/git/ref/{ref...}", needs: "contents:read", do: s.ref})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/git/trees/{tree_sha}", needs: "contents:read", do: s.tree})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/git/commits/{commit_sha}", needs: "contents:read", do: s.commit})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/contents/{path...}", needs: "contents:read", do: s.contents})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/tarball/{ref...}", needs: "contents:read", do: s.tarball})
	// The storage behind the redirect is another service: it knows no token, and counts against no quota.
	s.mux.HandleFunc("GET /_codeload/{sha}", s.codeload)
}

func (s *Server) ref(c *call) answer {
	name := strings.TrimPrefix(c.PathValue("ref"), "heads/")
	sha, there := c.repo.branches[name]
	if !there {
		return notFound()
	}
	return ok(object{
		"ref": "refs/heads/" + name, "node_id": "REF", "url": s.base + c.URL.Path,
		"object": object{"type": "commit", "sha": sha, "url": s.base + "/repos/" + c.repo.FullName() + "/git/commits/" + sha},
	})
}

func (s *Server) commit(c *call) answer {
	found := c.repo.net.commits[c.PathValue("commit_sha")]
	if found == nil {
		return notFound()
	}
	parents := []any{}
	for _, p := range found.parents {
		parents = append(parents, object{"sha": p})
	}
	return ok(object{"sha": found.sha, "tree": object{"sha": found.tree}, "parents": parents, "message": "change"})
}

func (s *Server) tree(c *call) answer {
	files := c.repo.net.trees[c.PathValue("tree_sha")]
	sha := c.PathValue("tree_sha")
	if found := c.repo.find(sha); found != nil {
		files, sha = found.files, found.tree
	}
	if files == nil {
		return notFound()
	}
	entries, cut := []any{}, false
	folders := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if len(entries) >= s.o.TreeLimit {
			cut = true
			break
		}
		for i, ch := range path {
			if ch == '/' && !folders[path[:i]] {
				folders[path[:i]] = true
				entries = append(entries, object{"path": path[:i], "mode": "040000", "type": "tree", "sha": strings.Repeat("0", 40)})
			}
		}
		blob := files[path]
		mode := "100644"
		if bytes.HasPrefix(c.repo.net.blobs[blob], []byte(linkMark)) {
			mode = "120000"
		}
		entries = append(entries, object{"path": path, "mode": mode, "type": "blob", "sha": blob, "size": len(c.repo.net.blobs[blob])})
	}
	return ok(object{"sha": sha, "url": s.base + c.URL.Path, "tree": entries, "truncated": cut})
}

const linkMark = "\x00link "

// Link is the content of a file that is a symbolic link. Trees list it as one; archives and git's ids do not.
func Link(target string) string { return linkMark + target }

func (s *Server) contents(c *call) answer {
	path := c.PathValue("path")
	at := c.repo.find(or(c.URL.Query().Get("ref"), c.repo.defaultBranch))
	if at == nil {
		return notFound()
	}
	blob, there := at.files[path]
	if !there {
		return s.folder(c, at, path)
	}
	data := c.repo.net.blobs[blob]
	if bytes.HasPrefix(data, []byte(linkMark)) { // of a link out of the repository, or to a folder
		body := s.entry(c, path, "symlink", blob, 0)
		body["target"] = string(data[len(linkMark):])
		return ok(body)
	}
	body := s.entry(c, path, "file", blob, len(data))
	body["encoding"], body["content"] = "base64", base64.StdEncoding.EncodeToString(data)
	if len(data) > 1<<20 { // up to 100 MB GitHub tells the size alone
		body["encoding"], body["content"] = "none", ""
	}
	return ok(body)
}

func (s *Server) folder(c *call, at *commit, path string) answer {
	var list []any
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(at.files)) {
		rest, below := strings.CutPrefix(name, strings.Trim(path, "/")+"/")
		top, _, nested := strings.Cut(rest, "/")
		if !below || seen[top] {
			continue
		}
		seen[top] = true
		kind, blob := "file", at.files[name]
		if nested {
			kind, blob = "dir", strings.Repeat("0", 40)
		}
		list = append(list, s.entry(c, path+"/"+top, kind, blob, 0))
	}
	if list == nil {
		return notFound()
	}
	return ok(list)
}

func (s *Server) entry(c *call, path, kind, blob string, size int) object {
	name := path[strings.LastIndex(path, "/")+1:]
	self := s.base + c.URL.Path
	return object{
		"type": kind, "name": name, "path": path, "sha": blob, "size": size, "url": self, "git_url": self, "html_url": self, "download_url": self,
		"_links": object{"git": self, "html": self, "self": self},
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// ServeArchive lets a commit's archive hold these bytes, whatever they are.
func (r *Repo) ServeArchive(sha string, data []byte) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.replaced[sha] = data
	delete(r.s.archives, r.archiveKey(sha))
}

func (r *Repo) archiveKey(sha string) string { return fmt.Sprintf("%d-%s", r.ID, sha) }

func (s *Server) tarball(c *call) answer {
	found := c.repo.find(c.PathValue("ref"))
	if found == nil {
		return notFound()
	}
	key := c.repo.archiveKey(found.sha)
	if s.archives[key] == nil {
		s.archives[key] = c.repo.replaced[found.sha]
		if s.archives[key] == nil {
			s.archives[key] = c.repo.pack(found)
		}
	}
	header := http.Header{"Location": {s.base + "/_codeload/" + found.sha + "?token=" + key}}
	return answer{status: http.StatusFound, header: header}
}

func (s *Server) codeload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault(r.Method, r.URL.Path)
	data := s.archives[r.URL.Query().Get("token")]
	leaked := r.Header.Get("Authorization") != ""
	s.mu.Unlock()
	if fault != nil {
		fault.delay(r)
		if fault.Close {
			panic(http.ErrAbortHandler)
		}
		if fault.Status != 0 {
			w.WriteHeader(fault.Status)
			return
		}
	}
	if leaked {
		s.reject("the token was sent to the storage of archives")
	}
	if data == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-gzip")
	_, _ = w.Write(data)
}

// pack is the archive of a commit, as git makes it.
func (r *Repo) pack(c *commit) []byte {
	var buf bytes.Buffer
	zipped := gzip.NewWriter(&buf)
	w := tar.NewWriter(zipped)
	top := fmt.Sprintf("%s-%s-%s/", r.owner.Login, r.name, c.sha[:7])
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": c.sha}})
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: top, Mode: 0o775})
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		data := r.net.blobs[c.files[path]]
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: top + path, Mode: 0o664, Size: int64(len(data))})
		_, _ = w.Write(data)
	}
	_ = w.Close()
	_ = zipped.Close()
	return buf.Bytes()
}
