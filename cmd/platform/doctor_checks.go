package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/store"
)

const (
	maxSkew      = 30 * time.Second // GitHub takes App tokens that are a minute off, and no more
	lookBack     = 24 * time.Hour
	questionTime = 20 * time.Second
)

// doctor asks one thing after the other and writes down what it found.
type doctor struct {
	config  environ.Config
	now     func() time.Time
	verbose bool
	found   []symptom
}

func (d *doctor) add(name string, h health, detail, fix string) {
	if h == good {
		fix = ""
	}
	d.found = append(d.found, symptom{name, h, detail, fix})
}

func (d *doctor) settings() {
	d.add("configuration", good, "is whole", "")
	if d.config.PublicURL == "" {
		d.add("public address", bad, "PLATFORM_PUBLIC_URL is not set: plans cannot be uploaded", "set it to the address at which GitHub reaches the server")
	}
	switch {
	case len(d.config.EncryptionKey) > 0:
		d.add("encryption key", good, "is there", "")
	case d.config.Unset():
		d.add("encryption key", bad, "PLATFORM_ENCRYPTION_KEY_FILE is not set: set-up shows the App's credentials once and keeps none",
			"make a key with `openssl rand -hex 32`, or keep the credentials yourself")
	default:
		d.add("encryption key", good, "is not needed: the credentials come from the environment", "")
	}
}

// database looks without making or migrating anything, and takes the credentials that set-up kept there.
func (d *doctor) database(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	db, err := store.OpenAsIs(ctx, store.Options{URL: d.config.DatabaseURL, Now: d.now, EncryptionKey: d.config.EncryptionKey})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add("database", unknown, "there is none yet", "start the server: it makes one")
		return
	case errors.Is(err, store.ErrOlder):
		d.add("database", bad, store.ErrOlder.Error(), "start the server of this version")
		return
	case err != nil:
		d.add("database", bad, err.Error(), "correct PLATFORM_DATABASE_URL, or what it names")
		return
	}
	defer func() { _ = db.Close() }() //nolint:contextcheck // whatever became of ctx
	if err := db.Ready(ctx); err != nil {
		d.add("database", bad, err.Error(), "make room on its disk, or let this user write")
	} else {
		d.add("database", good, "opens, takes writes, and its schema is this version's", "")
	}
	d.parked(ctx, db)
	if !d.config.Unset() || len(d.config.EncryptionKey) == 0 {
		return
	}
	kept, err := db.Secret(ctx, environ.CredentialsName)
	if err == nil {
		err = d.config.Take(kept)
	}
	if err != nil && !errors.Is(err, store.ErrNoEntry) {
		d.add("kept credentials", bad, err.Error(), "give the key that set-up used, or set up a new App")
	}
}

// parked tells what the server gave up.
func (d *doctor) parked(ctx context.Context, db *store.Store) {
	const shown = 100
	list, err := db.Parked(ctx, shown)
	switch {
	case err != nil:
		d.add("parked tasks", unknown, err.Error(), "look at the metric platform_queue_parked")
	case len(list) > 0:
		first := list[0]
		count := strconv.Itoa(len(list))
		if len(list) == shown {
			count += " or more"
		}
		d.add("parked tasks", bad, fmt.Sprintf("%s; the oldest is %s of %s: %s", count, first.Task.Kind, first.Task.Tenant, first.Reason),
			"mend what the reason says; then a new push, /platform recheck or the check's button tries again")
	default:
		d.add("parked tasks", good, "none", "")
	}
}

func (d *doctor) atGitHub(ctx context.Context) {
	app, err := github.New(github.Options{APIURL: d.config.APIURL, AppID: d.config.AppID, PrivateKey: d.config.PrivateKey, Now: d.now, Timeout: questionTime})
	if err != nil {
		d.add("GitHub", bad, err.Error(), "correct PLATFORM_GITHUB_API_URL")
		return
	}
	at, err := app.ServerTime(ctx)
	if err != nil {
		d.add("GitHub", unknown, "cannot be asked: "+err.Error(), "let this machine reach "+d.config.APIURL)
		return
	}
	d.add("GitHub", good, "answers", "")
	if skew := d.now().Sub(at).Abs().Round(time.Second); skew > maxSkew {
		d.add("clock", bad, fmt.Sprintf("is %s away from GitHub's", skew), "let NTP set it: GitHub refuses tokens of another time")
	} else {
		d.add("clock", good, "agrees with GitHub's", "")
	}
	grants, err := app.Grants(ctx)
	if err != nil {
		d.add("App", failed(err), err.Error(), "compare PLATFORM_GITHUB_APP_ID and the private key with the App's page at GitHub")
		return
	}
	page := d.config.WebURL() + "/apps/" + grants.Slug
	d.add("App", good, fmt.Sprintf("%s (id %d): GitHub takes its key", grants.Slug, d.config.AppID), "")
	d.permissions(grants, page)
	d.webhook(ctx, app)
	d.deliveries(ctx, app)
	d.policies(ctx, app, page)
}

func (d *doctor) permissions(has github.Grants, page string) {
	rank := []string{"", "read", "write", "admin"}
	var missing []string
	for _, p := range github.Permissions() {
		if slices.Index(rank, has.Permissions[p.Name]) < slices.Index(rank, p.Level) {
			missing = append(missing, p.Name+": "+p.Level)
		}
	}
	for _, e := range github.Events() {
		if !slices.Contains(has.Events, e) {
			missing = append(missing, "event "+e)
		}
	}
	if len(missing) > 0 {
		d.add("permissions", bad, "missing: "+strings.Join(missing, ", "), "grant them on the App's settings page (from "+page+"), then let each account accept them")
		return
	}
	d.add("permissions", good, "all are granted, and all events are sent", "")
}

// webhook compares where GitHub sends with where we are, and asks that address for proof that it is us: an unsigned
// delivery must be refused.
func (d *doctor) webhook(ctx context.Context, app *github.App) {
	hook, err := app.Hook(ctx)
	if err != nil {
		d.add("webhook", failed(err), err.Error(), "look at the webhook on the App's settings page")
		return
	}
	want := strings.TrimSuffix(d.config.PublicURL, "/") + github.WebhookPath
	if d.config.PublicURL != "" && hook.String() != want {
		d.add("webhook", bad, "GitHub sends to "+hook.Redacted()+", not to "+want, "correct the webhook on the App's settings page, or PLATFORM_PUBLIC_URL")
		return
	}
	status, err := knock(ctx, hook.String())
	switch {
	case err != nil:
		d.add("webhook", unknown, hook.Host+" cannot be reached from here", "start the server, or run the doctor where GitHub's path can be tried")
	case status == http.StatusUnauthorized:
		d.add("webhook", good, "GitHub sends to this server, and it refuses what is not signed", "")
	case status == http.StatusServiceUnavailable:
		d.add("webhook", bad, hook.Host+" answers 503: it is not set up, or not ready", "look at the server's log and at /readyz")
	default:
		d.add("webhook", bad, fmt.Sprintf("%s answers an unsigned delivery with %d instead of 401", hook.Host, status), "something else answers there: look at the proxy in front of the server")
	}
}

func knock(ctx context.Context, address string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("{}"))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", "ping")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<10)
	return resp.StatusCode, resp.Body.Close()
}

func (d *doctor) deliveries(ctx context.Context, app *github.App) {
	list, err := app.FailedDeliveries(ctx, d.now().Add(-lookBack))
	switch {
	case err != nil:
		d.add("deliveries", unknown, err.Error(), "look at \"Recent deliveries\" on the App's settings page")
	case len(list) > 0:
		d.add("deliveries", bad, fmt.Sprintf("%d of the last 24 hours have not come through; the latest at %s", len(list), list[0].At.UTC().Format(time.RFC3339)),
			"a running server asks for them again every two minutes: look at its log if they stay")
	default:
		d.add("deliveries", good, "none of the last 24 hours is missing", "")
	}
}

// policies looks at what each installation's policy repository says.
func (d *doctor) policies(ctx context.Context, app *github.App, page string) {
	list, err := app.Installations(ctx)
	if err != nil {
		d.add("installations", failed(err), err.Error(), "look at the App's settings page")
		return
	}
	served := 0
	for _, i := range list {
		if len(d.config.AllowedAccounts) > 0 && !slices.Contains(d.config.AllowedAccounts, i.AccountID) {
			continue
		}
		if i.Suspended {
			d.add("installation", bad, fmt.Sprintf("%d (account %d) is suspended", i.ID, i.AccountID), "let the account resume it")
			continue
		}
		served++
		d.policy(ctx, app, i)
	}
	if served == 0 {
		d.add("installations", bad, "no account that is served has installed the App", "install it from "+page)
		return
	}
	d.add("installations", good, strconv.Itoa(served), "")
}

func (d *doctor) policy(ctx context.Context, app *github.App, i control.Installation) {
	name := fmt.Sprintf("policies of account %d", i.AccountID)
	seen, err := control.Inspect(ctx, app, control.Tenant{Installation: i.ID}, d.config.PolicyRepo)
	switch {
	case err != nil:
		d.add(name, unknown, err.Error(), "try again; the server keeps to the last that it could use")
	case seen.Fault != "":
		d.add(name, bad, d.config.PolicyRepo+" cannot be used: "+seen.Fault, "correct it; until then the last good commit holds, and without one verdicts are undecided")
	case d.verbose && !seen.Found:
		d.add(name, good, "built-in only: it has no repository "+d.config.PolicyRepo, "")
	case d.verbose:
		d.add(name, good, fmt.Sprintf("built-in, and %d of %s; settings of its own: %t", seen.Policies, d.config.PolicyRepo, seen.Settings), "")
	}
}
