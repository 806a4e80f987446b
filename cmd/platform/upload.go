package main

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
	"path"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
)

const (
	apiPath    = "/api/v1/" // and the purpose
	serverName = "PLATFORM_SERVER_URL"
	uploadTime = 60 * time.Second
	maxReply   = 64 << 10
)

// server is the App that is told of the plans of a workflow run; empty: nobody is.
type server string

// address is what --server or the environment says.
func (s *server) address(env func(string) string) (string, error) {
	text := string(*s)
	if text == "" {
		text = env(serverName)
	}
	text = strings.TrimSuffix(text, "/")
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("--server %.80q is no web address; give the App's PLATFORM_PUBLIC_URL, such as https://platform.example.com", text)
	}
	return text, nil
}

// upload tells the App the facts of the plans that were read, each with a token of its own. Only what prices and
// policies read leaves this machine.
func (o *checkOptions) upload(ctx context.Context, s streams, in loaded) error {
	address, err := o.server.address(s.env)
	if err != nil || address == "" {
		return err
	}
	entries, err := catalog.Embedded()
	if err != nil {
		return &faultError{err}
	}
	set, err := policy.Compile(ctx, policy.Options{Bundles: []policy.Bundle{control.Builtin()}})
	if err != nil {
		return &faultError{err}
	}
	allowed := control.NewAllowList(entries, set.Rules())
	told := 0
	for _, source := range in.sources {
		if source.Plan.FormatVersion == "" { // evaluated from a folder: the App does that itself
			continue
		}
		root := path.Dir(source.Name)
		if o.source != "" {
			root = displayName(o.source)
		} else if source.Name == stdinName {
			return errors.New("a plan from standard input does not say of which folder it is: name it with --source DIR")
		}
		document, err := allowed.Upload(root, source.Plan)
		if err != nil {
			return err
		}
		var receipt control.Receipt
		if err := send(ctx, s.env, address, oidc.Facts, document, &receipt); err != nil {
			return &faultError{fmt.Errorf("the App at %s was not told of %s, and judges it from its source alone: %w", address, source.Name, err)}
		}
		told++
		if o.quiet {
			continue
		}
		if receipt.Trusted {
			fmt.Fprintf(s.err, "%s: the App judges %.7s by this plan\n", source.Name, receipt.Head)
		} else {
			fmt.Fprintf(s.err, "%s: the App judges %.7s from its source, beside this plan: %s\n", source.Name, receipt.Head, receipt.Why)
		}
	}
	if told == 0 && string(o.server) != "" {
		return errors.New("--server is told of plans, and none was named: make one with terraform show -json plan.out > plan.json")
	}
	return nil
}

// send makes one upload for a purpose of the API and reads its receipt. What the token or the document says is in no
// error.
func send(ctx context.Context, env func(string) string, address, purpose string, document, receipt any) error {
	return sendTo(ctx, env, address, apiPath+purpose, purpose, document, receipt)
}

// sendTo is send to a path that is not named as its purpose is.
func sendTo(ctx context.Context, env func(string) string, address, to, purpose string, document, receipt any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	body, err := packed(data)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	sum := sha256.Sum256(body)
	token, err := oidc.Request(ctx, http.DefaultClient, env, oidc.AudienceOf(address, purpose, hex.EncodeToString(sum[:])))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+to, bytes.NewReader(body))
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
