package actions

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/org/platform-action/internal/render"
)

// The variables with which a runner lets a step leave artifacts behind.
const (
	resultsURL   = "ACTIONS_RESULTS_URL"
	runtimeToken = "ACTIONS_RUNTIME_TOKEN"
)

// ErrNoArtifacts: this runner has no service for artifacts that is known here.
var ErrNoArtifacts = errors.New("this runner names no service for artifacts (" + resultsURL + ")")

const (
	artifactCalls = "/twirp/github.actions.results.api.v1.ArtifactService/"
	artifactTime  = 2 * time.Minute
	artifactTries = 4
	artifactReply = 64 << 10
	artifactForm  = 4 // of the service's artifacts
	storedRatio   = 100
)

// artifacts is the service of one job.
type artifacts struct {
	address, token string
	run, job       string // as the service knows them
	client         *http.Client
}

// LeaveArtifact leaves one file behind as an artifact of the run. No address and no token is in an error.
func (r *Runner) LeaveArtifact(ctx context.Context, name, file string, data []byte) error {
	a, err := r.artifacts()
	if err != nil {
		return err
	}
	archive, err := archived(file, data)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, artifactTime)
	defer cancel()
	var made struct {
		OK        bool   `json:"ok"`
		Signed    string `json:"signedUploadUrl"`
		SignedToo string `json:"signed_upload_url"`
	}
	about := map[string]any{"workflow_run_backend_id": a.run, "workflow_job_run_backend_id": a.job, "name": name}
	about["version"] = artifactForm
	if err := a.call(ctx, "CreateArtifact", about, &made); err != nil {
		return err
	}
	to, err := url.Parse(or(made.Signed, made.SignedToo))
	if err != nil || !made.OK || !secure(to) {
		return errors.New("GitHub made no artifact to upload to")
	}
	if err := a.upload(ctx, to, archive); err != nil {
		return err
	}
	delete(about, "version")
	sum := sha256.Sum256(archive)
	about["size"], about["hash"] = strconv.Itoa(len(archive)), "sha256:"+hex.EncodeToString(sum[:])
	var ended struct {
		OK bool `json:"ok"`
	}
	if err := a.call(ctx, "FinalizeArtifact", about, &ended); err != nil {
		return err
	}
	if !ended.OK {
		return errors.New("GitHub did not take the artifact")
	}
	return nil
}

// artifacts reads where they go, and as whose: the token of the runner says which job this is.
func (r *Runner) artifacts() (artifacts, error) {
	a := artifacts{address: strings.TrimRight(r.env(resultsURL), "/"), token: r.env(runtimeToken)}
	if a.address == "" || a.token == "" {
		return a, ErrNoArtifacts
	}
	u, err := url.Parse(a.address)
	if err != nil || !secure(u) {
		return a, errors.New(resultsURL + " is not an https address; a runner sets it, so do not set it in the workflow")
	}
	parts := strings.Split(a.token, ".")
	if len(parts) == 3 {
		var claims struct {
			Scopes string `json:"scp"`
		}
		data, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil && json.Unmarshal(data, &claims) == nil {
			for scope := range strings.FieldsSeq(claims.Scopes) {
				if ids := strings.Split(scope, ":"); len(ids) == 3 && ids[0] == "Actions.Results" {
					a.run, a.job = ids[1], ids[2]
				}
			}
		}
	}
	if a.run == "" || a.job == "" {
		return a, errors.New(runtimeToken + " does not name the run: a runner sets it, so do not set it in the workflow")
	}
	a.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return a, nil
}

// secure reports an address that a token may go to: https, or this machine.
func secure(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()))
}

func (a artifacts) call(ctx context.Context, method string, body map[string]any, answer any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	got, err := a.do(ctx, http.MethodPost, a.address+artifactCalls+method, data, map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + a.token})
	if err != nil {
		return err
	}
	if json.Unmarshal(got, answer) != nil {
		return errors.New("GitHub's answer about the artifact cannot be read")
	}
	return nil
}

// upload puts the archive where GitHub said, in one block.
func (a artifacts) upload(ctx context.Context, to *url.URL, archive []byte) error {
	const block = "MDAwMA==" // any name will do
	query := to.Query()
	query.Set("comp", "block")
	query.Set("blockid", block)
	to.RawQuery = query.Encode()
	if _, err := a.do(ctx, http.MethodPut, to.String(), archive, map[string]string{"Content-Type": "application/octet-stream"}); err != nil {
		return err
	}
	query.Set("comp", "blocklist")
	query.Del("blockid")
	to.RawQuery = query.Encode()
	list := `<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>` + block + `</Latest></BlockList>`
	_, err := a.do(ctx, http.MethodPut, to.String(), []byte(list), map[string]string{"Content-Type": "application/xml", "x-ms-blob-content-type": "application/zip"})
	return err
}

// do makes one request, again where that may help.
func (a artifacts) do(ctx context.Context, method, address string, body []byte, headers map[string]string) ([]byte, error) {
	return backoff.Retry(ctx, func() ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
		if err != nil {
			return nil, backoff.Permanent(errors.New("the request about the artifact cannot be made"))
		}
		for name, value := range headers {
			req.Header.Set(name, value)
		}
		resp, err := a.client.Do(req)
		if u, ok := errors.AsType[*url.Error](err); ok { // without the address, which is signed
			err = u.Err
		}
		if err != nil {
			return nil, fmt.Errorf("GitHub does not answer about the artifact: %w", err)
		}
		defer func() { _ = resp.Body.Close() }()
		data, err := io.ReadAll(io.LimitReader(resp.Body, artifactReply))
		switch {
		case err != nil:
			return nil, fmt.Errorf("GitHub's answer about the artifact broke off: %w", err)
		case resp.StatusCode == http.StatusConflict:
			return nil, backoff.Permanent(errors.New("the run has an artifact of that name already: give each job a comment-tag of its own"))
		case resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests:
			return nil, fmt.Errorf("GitHub answered %d about the artifact", resp.StatusCode)
		case resp.StatusCode >= http.StatusMultipleChoices:
			return nil, backoff.Permanent(fmt.Errorf("GitHub answered %d about the artifact: %.200s", resp.StatusCode, render.Plain(render.Redact(told(data)))))
		}
		return data, nil
	}, backoff.WithMaxTries(artifactTries))
}

// told is the service's own word for what is wrong.
func told(data []byte) string {
	var fault struct {
		Message string `json:"msg"`
	}
	if json.Unmarshal(data, &fault) != nil {
		return "no reason"
	}
	return fault.Message
}

// archived is a ZIP file of one file. What would shrink as only a bomb does is stored as it is, because whoever reads
// archives of strangers refuses those.
func archived(name string, data []byte) ([]byte, error) {
	out, err := zipped(name, data, zip.Deflate)
	if err == nil && len(data) > storedRatio*len(out) {
		return zipped(name, data, zip.Store)
	}
	return out, err
}

func zipped(name string, data []byte, method uint16) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = z.Close()
	return buf.Bytes(), err
}
