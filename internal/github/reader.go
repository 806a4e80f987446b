package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/go-github/v60/github"
)

// maxRead is the longest answer that a Reader takes.
const maxRead = 16 << 20

// Reader reads with a token that is no App's of ours: a person's, or a workflow job's. It writes nothing but Comment's.
type Reader struct{ client *github.Client }

// NewReader makes a reader. A token goes to https alone, or to this machine.
func NewReader(apiURL, token string) (*Reader, error) {
	c, err := NewCommenter(CommenterOptions{APIURL: apiURL, Token: token})
	if err != nil {
		return nil, err
	}
	return &Reader{c.client}, nil
}

// Get reads one page of a path below the API's address. What GitHub has not, or does not show to this token, is
// control.ErrGone; what it refuses, control.ErrForbidden.
func (r *Reader) Get(ctx context.Context, path string, into any) error {
	req, err := r.client.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return fmt.Errorf("GitHub's %.200s cannot be asked for", path)
	}
	resp, err := r.client.BareDo(ctx, req)
	if err != nil {
		return fault("asking GitHub for "+path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxRead+1))
	if err != nil {
		return fmt.Errorf("GitHub's answer for %s broke off: %w", path, err)
	}
	if len(data) > maxRead {
		return fmt.Errorf("GitHub's answer for %s has more than %d MiB", path, maxRead>>20)
	}
	if json.Unmarshal(data, into) != nil {
		return errors.New("GitHub's answer for " + path + " cannot be read: is GITHUB_API_URL the address of its API?")
	}
	return nil
}

// Comment writes one comment, once: a second try could write a second one.
func (r *Reader) Comment(ctx context.Context, path, body string) (int64, error) {
	req, err := r.client.NewRequest(http.MethodPost, path, map[string]string{"body": body})
	if err != nil {
		return 0, errors.New("the comment cannot be sent")
	}
	var out struct {
		ID int64 `json:"id"`
	}
	if _, err := r.client.Do(ctx, req, &out); err != nil {
		return 0, fault("writing the comment", err)
	}
	if out.ID <= 0 {
		return 0, errors.New("GitHub did not say which comment it made")
	}
	return out.ID, nil
}
