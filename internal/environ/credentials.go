package environ

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// CredentialsName is what the database calls the kept credentials.
const CredentialsName = "github-app" //nolint:gosec // a name, no secret

// Credentials are what set-up keeps of a new App: secrets but for AppID, Slug, ClientID and Page.
type Credentials struct {
	AppID         int64  `json:"id"`
	Slug          string `json:"slug"`
	PrivateKey    string `json:"pem"`
	WebhookSecret string `json:"webhook_secret"`
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret"`
	Page          string `json:"html_url"` // where GitHub shows the App
}

// Variables are the lines that a secret store needs, to be quoted by nobody: each value is on one line.
func (c Credentials) Variables() [][2]string {
	return [][2]string{
		{"PLATFORM_GITHUB_APP_ID", strconv.FormatInt(c.AppID, 10)},
		{"PLATFORM_GITHUB_WEBHOOK_SECRET", c.WebhookSecret},
		{"PLATFORM_GITHUB_PRIVATE_KEY", strings.ReplaceAll(strings.TrimSpace(c.PrivateKey), "\n", `\n`)},
		{"PLATFORM_OAUTH_CLIENT_ID", c.ClientID},
		{"PLATFORM_OAUTH_CLIENT_SECRET", c.ClientSecret},
	}
}

// Take uses credentials that were kept, in the JSON form of Credentials.
func (c *Config) Take(kept []byte) error {
	var read Credentials
	if err := json.Unmarshal(kept, &read); err != nil {
		return fmt.Errorf("the kept credentials cannot be read: %T", err)
	}
	if read.AppID <= 0 || read.WebhookSecret == "" {
		return errors.New("the kept credentials are not whole")
	}
	key, err := parseKey(read.PrivateKey)
	if err != nil {
		return err
	}
	c.AppID, c.PrivateKey, c.WebhookSecrets, c.secretSet = read.AppID, key, []string{read.WebhookSecret}, true
	if c.OAuthClientID == "" {
		c.OAuthClientID, c.OAuthClientSecret = read.ClientID, read.ClientSecret
	}
	return nil
}
