package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gregjones/httpcache"

	"github.com/org/platform-action/internal/api"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/sandbox"
	"github.com/org/platform-action/internal/sink"
	"github.com/org/platform-action/internal/store"
)

// How often what nobody asks for is done.
const (
	deliveriesEvery = 2 * time.Minute
	staleEvery      = time.Minute
	sweepEvery      = 6 * time.Hour
	collectEvery    = time.Hour
	dueEvery        = 20 * time.Second
	wakeEvery       = 10 * time.Minute
)

// addApp wires GitHub, the flow and the webhook's route; what it returns works on the queue until its context ends.
func addApp(routes *http.ServeMux, c environ.Config, db *store.Store, m *metrics, t *tracing, pump *sink.Pump, log *slog.Logger) (func(context.Context) error, error) {
	secrets := c.Live(time.Now, log)
	forge, err := github.New(github.Options{
		Wrap:   t.transport,
		APIURL: c.APIURL, AppID: c.AppID, PrivateKey: c.PrivateKey, Key: secrets.PrivateKey, Now: time.Now, Observe: m.call,
		Cache: func(t control.Tenant) httpcache.Cache { return validators{db.Cache(t)} },
	})
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	engine, err := control.NewEngine(sandbox.New(program, []string{sandboxArgument}, runtime.GOMAXPROCS(0)))
	if err != nil {
		return nil, err
	}
	allowed := map[int64]bool{}
	for _, id := range c.AllowedAccounts {
		allowed[id] = true
	}
	prove, err := prover(c)
	if err != nil {
		return nil, err
	}
	flow := control.NewFlow(control.FlowOptions{
		Forge: forge, Records: db, Queue: db, Engine: engine, Now: time.Now, Log: log, PolicyRepo: c.PolicyRepo,
		WebURL: c.WebURL(), PageURL: pageURL(c), Version: version, Infracost: infracost.Document, Decided: m.verdict, Lost: m.lost.Inc, Gate: m.gate,
		Allowed: func(account int64) bool { return len(allowed) == 0 || allowed[account] },
		Signer:  control.Signer{Key: func() ed25519.PrivateKey { return secrets.SigningKeys().Private }, Server: strings.TrimSuffix(c.PublicURL, "/")},
		Prove:   prove,
	})
	hooks, err := github.NewWebhook(github.WebhookOptions{
		Secrets: c.WebhookSecrets, Current: secrets.WebhookSecrets, Inbox: db, Allowed: c.AllowedAccounts, AppID: c.AppID, Now: time.Now, Log: log,
		Observe: m.delivery, Note: t.note, PolicyRepo: c.PolicyRepo,
	})
	if err != nil {
		return nil, err
	}
	routes.Handle(github.WebhookPath, m.acknowledged(hooks))
	if err := addAPI(routes, c, flow, secrets.SigningKeys, m, log); err != nil {
		return nil, err
	}
	console, err := addPages(routes, c, db, flow, secrets, allowed, log)
	if err != nil {
		return nil, err
	}
	m.quota(forge.Quota)
	return func(ctx context.Context) error {
		if err := console(ctx); err != nil {
			return err
		}
		return work(ctx, db, handler(db, flow, pump, t), pump != nil, log)
	}, nil
}

// addAPI takes uploads where the server knows its own address: tokens are made out to it.
func addAPI(routes *http.ServeMux, c environ.Config, flow *control.Flow, keys func() seal.Ring, m *metrics, log *slog.Logger) error {
	if c.PublicURL == "" {
		log.Warn("PLATFORM_PUBLIC_URL is not set: plans and test reports cannot be uploaded")
		return nil
	}
	issuer := oidc.Issuer{URL: cmp.Or(c.TokenIssuer(), oidc.GitHub)}
	verifier, err := oidc.New(oidc.Options{Issuers: []oidc.Issuer{issuer}, Audience: strings.TrimSuffix(c.PublicURL, "/"), Now: time.Now})
	if err != nil {
		return err
	}
	uploads, err := api.New(api.Options{Verifier: verifier, Receive: flow.Receive, Evidence: flow.ReceiveEvidence, Gate: lock(flow), Now: time.Now, Log: log, Observe: m.upload})
	if err != nil {
		return err
	}
	routes.Handle("/api/v1/", uploads)
	routes.Handle("GET "+api.KeysPath, api.Keys(keys))
	return nil
}

// lock answers deploying jobs. They may use what is kept of each installation's calls, as the rule may.
func lock(flow *control.Flow) func(context.Context, control.Run, []byte) (control.LockReceipt, error) {
	return func(ctx context.Context, run control.Run, body []byte) (control.LockReceipt, error) {
		return flow.DecideHere(github.Urgent(github.Begin(ctx)), run, body)
	}
}

// work begins on the queue and ends when ctx does, after the running tasks have ended.
func work(ctx context.Context, db *store.Store, handle control.Handler, sinks bool, log *slog.Logger) error {
	if err := db.Start(ctx, handle); err != nil {
		return err
	}
	regular := map[control.TaskKind]time.Duration{
		control.FetchDeliveries: deliveriesEvery, control.EndStale: staleEvery, control.SweepEverything: sweepEvery, control.CollectGarbage: collectEvery,
		control.EndDeployments: dueEvery,
	}
	if sinks {
		regular[control.WakeSinks] = wakeEvery
	}
	for kind, wait := range regular {
		go every(ctx, db, log, wait, kind)
	}
	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return db.Stop(drain)
}

// handler does each task where it belongs, watched by whoever traces.
func handler(db *store.Store, flow *control.Flow, pump *sink.Pump, t *tracing) control.Handler {
	return func(ctx context.Context, k control.Task, attempt int) error {
		ctx, end := t.task(ctx, k, attempt)
		err := do(ctx, db, flow, pump, k, attempt)
		end(err)
		return err
	}
}

func do(ctx context.Context, db *store.Store, flow *control.Flow, pump *sink.Pump, k control.Task, attempt int) error {
	ctx = github.Begin(ctx)
	switch {
	case k.Kind == control.CollectGarbage:
		return db.Collect(ctx)
	case k.Kind == control.TellSink && pump != nil:
		return pump.Tell(ctx, k)
	case k.Kind == control.WakeSinks && pump != nil:
		return pump.Wake(ctx)
	case k.Kind == control.TellSink, k.Kind == control.WakeSinks:
		return nil // there was a sink before
	case forDeployments(k.Kind):
		ctx = github.Urgent(ctx)
	}
	return flow.Handle(ctx, k, attempt)
}

// forDeployments are the tasks for which a share of each installation's calls is kept.
func forDeployments(k control.TaskKind) bool {
	switch k { //nolint:exhaustive // all others are not
	case control.DecideDeployment, control.SettleDeployment, control.FindDeployments:
		return true
	}
	return false
}

// validators keep what conditional requests need. A cache that fails costs a request, nothing more.
type validators struct{ cache store.Cache }

// Get implements httpcache.Cache.
func (v validators) Get(key string) ([]byte, bool) {
	data, err := v.cache.Get(key)
	return data, err == nil
}

// Set implements httpcache.Cache.
func (v validators) Set(key string, data []byte) { _ = v.cache.Set(key, data) }

// Delete implements httpcache.Cache.
func (v validators) Delete(key string) { _ = v.cache.Delete(key) }
