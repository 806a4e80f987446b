package githubtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// leftBehind is the service that a running job leaves its artifacts with: it is not GitHub's API, and is described nowhere.
type leftBehind struct {
	made map[string]*upload
	down int // requests that end with 503
}

// upload is an artifact on its way.
type upload struct {
	run       int64
	name      string
	data      []byte
	committed bool
}

const (
	resultsPath = "/_services/results"
	blobPath    = "/_services/blobs/"
)

// ResultsURL is what a runner has in ACTIONS_RESULTS_URL.
func (s *Server) ResultsURL() string { return s.base + resultsPath + "/" }

// RuntimeToken is what the run's jobs have in ACTIONS_RUNTIME_TOKEN.
func RuntimeToken(run int64) string {
	enc := base64.RawURLEncoding.EncodeToString
	id := strconv.FormatInt(run, 10)
	return enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(`{"scp":"Actions.ExampleScope Actions.Results:`+id+`:job-of-`+id+`"}`)) + ".signature"
}

// ArtifactsDown lets that many requests for an artifact end with 503.
func (s *Server) ArtifactsDown(requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left.down = requests
}

// Artifact is the archive that a run left behind under a name; nil where there is none.
func (s *Server) Artifact(run int64, name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, repo := range s.repos {
		for _, a := range repo.artifacts {
			if a.Run == run && a.Name == name {
				return a.Data
			}
		}
	}
	return nil
}

func (s *Server) resultsRoutes() {
	const calls = "POST " + resultsPath + "/twirp/github.actions.results.api.v1.ArtifactService/"
	s.mux.HandleFunc(calls+"CreateArtifact", s.createArtifact)
	s.mux.HandleFunc(calls+"FinalizeArtifact", s.finalizeArtifact)
	s.mux.HandleFunc("PUT "+blobPath+"{key}", s.putBlob)
}

// artifactAsked reads a call of a job; its key is empty where the token is of another one.
func artifactAsked(r *http.Request) (body map[string]any, run int64, key string) {
	if json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&body) != nil {
		return nil, 0, ""
	}
	id, _ := body["workflow_run_backend_id"].(string)
	name, _ := body["name"].(string)
	run, err := strconv.ParseInt(id, 10, 64)
	if err != nil || name == "" || r.Header.Get("Authorization") != "Bearer "+RuntimeToken(run) || body["workflow_job_run_backend_id"] != "job-of-"+id {
		return nil, 0, ""
	}
	return body, run, id + "-" + hex.EncodeToString([]byte(name))
}

func (s *Server) createArtifact(w http.ResponseWriter, r *http.Request) {
	body, run, key := artifactAsked(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.left.down > 0:
		s.left.down--
		respond(w, http.StatusServiceUnavailable, object{})
	case key == "":
		respond(w, http.StatusForbidden, object{"code": "permission_denied", "msg": "not of this job"})
	case s.left.made[key] != nil:
		respond(w, http.StatusConflict, object{"code": "already_exists", "msg": "an artifact with this name already exists on the workflow run"})
	case body["version"] != 4.0:
		respond(w, http.StatusBadRequest, object{"code": "invalid_argument", "msg": "version"})
	default:
		name, _ := body["name"].(string)
		s.left.made[key] = &upload{run: run, name: name}
		respond(w, http.StatusOK, object{"ok": true, "signed_upload_url": s.base + blobPath + key + "?sig=secret"})
	}
}

func (s *Server) putBlob(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	s.mu.Lock()
	defer s.mu.Unlock()
	up, query := s.left.made[r.PathValue("key")], r.URL.Query()
	switch {
	case err != nil || up == nil || query.Get("sig") != "secret" || r.Header.Get("Authorization") != "":
		w.WriteHeader(http.StatusForbidden)
		return
	case query.Get("comp") == "block" && query.Get("blockid") != "":
		up.data = append(up.data, data...)
	case query.Get("comp") == "blocklist" && strings.Contains(string(data), "<Latest>"):
		up.committed = true
	default:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (s *Server) finalizeArtifact(w http.ResponseWriter, r *http.Request) {
	body, run, key := artifactAsked(r)
	s.mu.Lock()
	up := s.left.made[key]
	var of *Repo
	for _, repo := range s.repos {
		if _, there := repo.runs[run]; there {
			of = repo
		}
	}
	s.mu.Unlock()
	if up == nil || !up.committed || of == nil {
		respond(w, http.StatusNotFound, object{"code": "not_found", "msg": "no such artifact"})
		return
	}
	sum := sha256.Sum256(up.data)
	if body["size"] != strconv.Itoa(len(up.data)) || body["hash"] != "sha256:"+hex.EncodeToString(sum[:]) {
		respond(w, http.StatusBadRequest, object{"code": "invalid_argument", "msg": "not what was uploaded"})
		return
	}
	of.AddArtifact(Artifact{Run: up.run, Name: up.name, Data: up.data})
	respond(w, http.StatusOK, object{"ok": true, "artifact_id": "1"})
}

func respond(w http.ResponseWriter, status int, body object) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
