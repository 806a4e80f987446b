package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Permission is what the App asks an account for, and why.
type Permission struct{ Name, Level, Why string }

// Permissions are the least that work. Those that no token of ours carries let GitHub send an event.
func Permissions() []Permission {
	return []Permission{
		{"actions", "read", "to see which workflow run uploaded a plan or tested a commit, and to hear when one ends"},
		{"checks", "write", "to publish the verdict as a check, and to hear its buttons"},
		{"contents", "read", "to read Terraform files, .github/platform.yml and policies; nothing is ever pushed"},
		{"deployments", "write", "to answer the protection rule of an environment, and to hear what was deployed; nothing is ever deployed"},
		{"issues", "write", "to hear commands in comments, which GitHub sends under this name, and to open an issue where somebody broke the glass"},
		{"members", "read", "to see who is in a team that CODEOWNERS or the approvers of an environment name"},
		{"merge_queues", "read", "to hear of merge queues, so that they do not wait for ever"},
		{"metadata", "read", "GitHub asks every App for it: names of repositories, roles of people"},
		{"pull_requests", "write", "to read what a change proposes, and to write its comment"},
	}
}

// Events are what GitHub sends beside what it sends every App: of its installations, and of who may use it.
func Events() []string {
	return []string{"check_run", "check_suite", "deployment_protection_rule", "deployment_review", "deployment_status", "issue_comment", "merge_group", "pull_request", "pull_request_review", "push", "repository", "workflow_run"}
}

// Manifest describes an App to GitHub, which then makes it.
// See https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest.
type Manifest struct {
	Name        string            `json:"name"`
	URL         string            `json:"url"`
	Description string            `json:"description"`
	Hook        hook              `json:"hook_attributes"`
	RedirectURL string            `json:"redirect_url"`
	Callbacks   []string          `json:"callback_urls"` // of sign-in
	Public      bool              `json:"public"`        // always false: other accounts have no business with this server
	Permissions map[string]string `json:"default_permissions"`
	Events      []string          `json:"default_events"`
}

type hook struct {
	URL    string `json:"url"`
	Active bool   `json:"active"`
}

// NewManifest is that of a server at publicURL.
func NewManifest(publicURL, name string) Manifest {
	base := strings.TrimSuffix(publicURL, "/")
	m := Manifest{
		Name: name, URL: base, Description: "Cost and policy of every pull request, as one verdict.",
		Hook: hook{URL: base + WebhookPath, Active: true}, RedirectURL: base + "/setup/callback",
		Callbacks:   []string{base + SignInPath},
		Permissions: map[string]string{}, Events: Events(),
	}
	for _, p := range Permissions() {
		m.Permissions[p.Name] = p.Level
	}
	return m
}

// SignInPath is where GitHub sends people back who sign in.
const SignInPath = "/sign-in/callback"

// WebhookPath is where the server takes deliveries.
const WebhookPath = "/webhooks/github"

// Credentials are what GitHub gives for a new App. They are secrets but for AppID, Slug, ClientID and Page.
type Credentials struct {
	AppID         int64
	Slug          string
	PrivateKey    string // PEM
	WebhookSecret string
	ClientID      string
	ClientSecret  string
	Page          string // where GitHub shows the App
}

var manifestCode = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

const conversionTime = 30 * time.Second

// Convert exchanges the code that GitHub gave after making an App for the App's credentials. It works once for a code,
// and within an hour. Errors hold neither the code nor what it stands for.
func Convert(ctx context.Context, apiURL, code string) (Credentials, error) {
	var c Credentials
	if !manifestCode.MatchString(code) {
		return c, errors.New("GitHub's answer holds no code: begin again at /setup")
	}
	base, err := url.Parse(strings.TrimSuffix(apiURL, "/") + "/")
	if err != nil {
		return c, errors.New("PLATFORM_GITHUB_API_URL is no web address")
	}
	client := github.NewClient(&http.Client{Timeout: conversionTime})
	client.BaseURL, client.UserAgent = base, "platform-action"
	made, resp, err := client.Apps.CompleteAppManifest(ctx, code)
	switch {
	case resp == nil:
		return c, fmt.Errorf("GitHub cannot be reached at %s", base.Host)
	case err != nil: // its text would show the code
		return c, fmt.Errorf("GitHub answered %d: a code works once and within an hour; begin again at /setup", resp.StatusCode)
	}
	c = Credentials{
		AppID: made.GetID(), Slug: made.GetSlug(), PrivateKey: made.GetPEM(), WebhookSecret: made.GetWebhookSecret(),
		ClientID: made.GetClientID(), ClientSecret: made.GetClientSecret(), Page: made.GetHTMLURL(),
	}
	if c.AppID <= 0 || c.PrivateKey == "" || c.WebhookSecret == "" {
		return Credentials{}, errors.New("GitHub's answer is not whole: begin again at /setup")
	}
	return c, nil
}
