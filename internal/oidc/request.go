package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// The variables that a runner gives a job which may ask for tokens.
const (
	requestURL   = "ACTIONS_ID_TOKEN_REQUEST_URL"
	requestToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
)

// Request asks for a token of an audience, as a job of a workflow does. Neither the token nor what it is asked for with
// is in an error.
func Request(ctx context.Context, client *http.Client, env func(string) string, audience string) (string, error) {
	address, secret := env(requestURL), env(requestToken)
	if address == "" || secret == "" {
		return "", errors.New("the job may not ask for an identity token: give it `permissions: id-token: write` " +
			"(a pull request from a fork never may)")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !safe(u) {
		return "", errors.New(requestURL + " is not an https address; a runner sets it, so do not set it in the workflow")
	}
	query := u.Query()
	query.Set("audience", audience)
	u.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", errors.New("the request for an identity token cannot be made")
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Accept", "application/json; api-version=2.0")
	resp, err := plain(client).Do(req)
	if err != nil {
		return "", fmt.Errorf("GitHub did not answer the request for an identity token; run the job again: %w", bare(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GitHub answered the request for an identity token with status %d; run the job again", resp.StatusCode)
	}
	return readToken(resp.Body)
}

func readToken(body io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(body, 4*maxToken))
	if err != nil {
		return "", fmt.Errorf("GitHub's identity token broke off; run the job again: %w", bare(err))
	}
	var answer struct {
		Value string `json:"value"`
	}
	if json.Unmarshal(data, &answer) != nil { // its error would quote the token
		return "", errors.New("GitHub's answer holds no identity token; run the job again")
	}
	if _, err := parse(answer.Value); err != nil {
		return "", errors.New("GitHub's answer holds something else than an identity token; run the job again")
	}
	return answer.Value, nil
}
