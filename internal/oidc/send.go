package oidc

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/org/platform-action/internal/render"
)

const (
	apiPath  = "/api/v1/"
	sendTime = 60 * time.Second
	maxReply = 64 << 10
)

// Send makes one upload for a purpose of the API and reads its receipt. What the token or the document says is in no
// error.
func Send(ctx context.Context, env func(string) string, address, purpose string, document, receipt any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	body, err := packed(data)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	sum := sha256.Sum256(body)
	token, err := Request(ctx, http.DefaultClient, env, AudienceOf(address, purpose, hex.EncodeToString(sum[:])))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+apiPath+route(purpose), bytes.NewReader(body))
	if err != nil {
		return errors.New("the request cannot be made")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the token is for this address
	resp, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok { // without the address
			err = u.Err
		}
		return fmt.Errorf("it does not answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return fmt.Errorf("its answer broke off: %w", err)
	}
	if resp.StatusCode != http.StatusAccepted {
		return refusal(resp.StatusCode, answer)
	}
	if json.Unmarshal(answer, receipt) != nil {
		return errors.New("its answer cannot be read: is this the address of the App?")
	}
	return nil
}

// route is where documents of a purpose are taken.
func route(purpose string) string {
	if purpose == Gate {
		return Gate + "/decide"
	}
	return purpose
}

func packed(data []byte) ([]byte, error) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err := w.Close()
	return buf.Bytes(), err
}

// refusal says why the App did not take it, in its own words where it has some.
func refusal(status int, answer []byte) error {
	var told struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(answer, &told) != nil || told.Error.Message == "" {
		return fmt.Errorf("it answered %d: is this the address of the App?", status)
	}
	return fmt.Errorf("it answered %d (%.40s): %.500s", status, render.Plain(told.Error.Code), render.Plain(told.Error.Message))
}
