package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	counted "github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store"
)

// servers is Terraform source with so many of a size.
func servers(n int, size string) string {
	var b strings.Builder
	b.WriteString("provider \"aws\" {\n  region = \"eu-west-2\"\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "\nresource \"aws_instance\" \"web%d\" {\n  ami           = \"ami-1\"\n  instance_type = %q\n  tags = {\n    owner = \"shop\"\n    team  = \"team%d\"\n  }\n}\n", i, size, i%3)
	}
	return b.String()
}

// harvest lets a server judge a pull request of each kind: of those that change no Terraform, one server, ten and a hundred of
// them. The reports of the generated verdicts are these.
func harvest(t testing.TB) []kind {
	t.Helper()
	w := openWorld(t, githubtest.Options{})
	w.env["PLATFORM_LOG_LEVEL"] = "info"
	sizes, shares := []int{0, 1, 10, 100}, []int{770, 200, 27, 3}
	type asked struct {
		repo   *githubtest.Repo
		number int
		sha    string
	}
	w.start()
	var all []asked
	for _, n := range sizes {
		_, r := w.shop(fmt.Sprintf("kind-%d", n), map[string]string{"infra/main.tf": servers(max(n, 1), "t3.micro")})
		changes := map[string]string{"README.md": "# a change\n"}
		if n > 0 {
			changes = map[string]string{"infra/main.tf": servers(n, "m5.large")}
		}
		sha := r.Commit("change", changes)
		number := r.OpenPull("A change", "change", "main", "writer")
		w.send(r.PullEvent("opened", number))
		w.check(r, sha)
		all = append(all, asked{r, number, sha})
	}
	w.halt()
	db := openStore(t, w.env["PLATFORM_DATABASE_URL"])
	var out []kind
	for i, a := range all {
		tenant := control.Tenant{Installation: a.repo.Installation(), Repository: a.repo.ID}
		v, found, err := db.LatestVerdict(t.Context(), tenant, a.number, a.sha)
		lines, listing := db.VerdictsOf(t.Context(), tenant, a.number, 1)
		weeks, summing := db.WeekCosts(t.Context(), []control.Tenant{tenant}, time.Unix(0, 0))
		if err != nil || listing != nil || summing != nil || !found || len(lines) != 1 {
			t.Fatalf("the verdict with %d resources: %t, %v, %v, %v", sizes[i], found, err, listing, summing)
		}
		k := kind{share: shares[i], report: v.Report, head: a.sha, digest: v.Digest, headline: lines[0].Headline, outcome: v.Outcome}
		for _, c := range weeks {
			k.costs = append(k.costs, c.CostShare)
		}
		out = append(out, k)
	}
	return out
}

// found makes the estate at GitHub: its accounts, repositories, and the pull requests that are open.
func (w *world) found(e estate) []holding {
	w.t.Helper()
	sizes, ranks := e.verdictsOf()
	var out []holding
	for account, n := range e.repositoriesOf() {
		i := w.hub.Install(fmt.Sprintf("org-%03d", account))
		for range n {
			place := len(out)
			name := fmt.Sprintf("repo-%04d", place)
			r := w.hub.AddRepository(i, name)
			r.Commit("main", map[string]string{"infra/main.tf": instance("t3.micro"), "README.md": "# a repository\n"})
			h := holding{
				repo: control.Repository{
					Tenant: control.Tenant{Installation: i.ID, Repository: r.ID}, AccountID: i.Account.ID, Owner: i.Account.Login, Name: name, DefaultBranch: "main", Private: true,
				},
				hub: r, rank: ranks[place], verdicts: sizes[place], heads: map[int]string{},
			}
			r.Numbered(h.pulls() - h.open())
			for range h.open() {
				branch := fmt.Sprintf("open-%d", len(h.heads))
				sha := r.Commit(branch, map[string]string{branch + ".md": "text\n"})
				h.heads[r.OpenPull("A change", branch, "main", "writer")] = sha
			}
			r.Numbered(h.pulls())
			out = append(out, h)
		}
	}
	return out
}

const (
	ofGiants  = 250 // deployments of a repository that has many
	ofOthers  = 10  // of one in ten of the others
	oneDeploy = 10
)

func (h holding) deployments() int {
	switch {
	case h.rank < giants:
		return ofGiants
	case h.rank%oneDeploy == 1:
		return ofOthers
	}
	return 0
}

// settle writes, by the store's own methods, what is not copied: repositories, deployments with their entries of the ledger, and
// the evidence that they stood on.
func settle(t testing.TB, url string, holdings []holding, e estate) {
	t.Helper()
	db := openStore(t, url+"?synchronous_commit=off")
	work := make(chan holding, len(holdings))
	for _, h := range slices.SortedStableFunc(slices.Values(holdings), func(a, b holding) int { return b.deployments() - a.deployments() }) {
		work <- h
	}
	close(work)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for h := range work {
				err := db.SaveRepository(t.Context(), h.repo)
				for i := range h.deployments() {
					if err == nil {
						err = h.deploy(t.Context(), db, e, i)
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// deploy keeps the evidence of a tree, decides that it may be deployed, and notes that it was.
func (h holding) deploy(ctx context.Context, db *store.Store, e estate, i int) error {
	tenant, run := h.repo.Tenant, int64(i+1)
	at := e.until.Add(-estateSpan * time.Duration(h.deployments()-1-i) / time.Duration(h.deployments())).Truncate(time.Second)
	commit, tree := hashed(tenant, "head", i)[:40], hashed(tenant, "tree", i)[:40]
	record, err := evidence.NewRecord(evidence.Record{
		Producer: evidence.Producer{
			Tenant: evidence.Tenant{Installation: tenant.Installation, Repository: tenant.Repository}, OwnerID: h.repo.AccountID, HeadRepositoryID: tenant.Repository,
			HeadCommit: commit, Workflow: ci, Job: "record", Needs: []string{"test"}, Event: "push", Ref: "refs/heads/main", RunID: run, Attempt: 1, RunStarted: at.Add(-time.Hour), Runner: "github-hosted",
		},
		Subject: evidence.Subject{Commit: commit, Tree: tree}, Assurance: evidence.AssuranceSameJob, Recorded: at.Add(-time.Minute),
		Suites: []evidence.Suite{{Name: "unit", Counts: counted.Counts{Executed: 120, Passed: 120}, Reports: []evidence.ReportDigest{{Name: "a.xml", Format: "junit", SHA256: strings.Repeat("f", 64)}}}},
	})
	if err != nil {
		return err
	}
	seen := control.SeenRun{Seen: at, Run: evidence.Run{ID: run, Attempt: 1, Workflow: ci, Event: "push", HeadCommit: commit, HeadRepositoryID: tenant.Repository, Tree: tree, Started: at.Add(-time.Hour), Status: evidence.StatusCompleted, Conclusion: "success"}}
	if _, err := db.KeepEvidence(ctx, tenant, control.Kept{Records: []evidence.Record{record}, Runs: []control.SeenRun{seen}}); err != nil {
		return err
	}
	key := control.DeploymentKey{Environment: "production", Run: run, Attempt: 1}
	decision := gate.Decision{Outcome: gate.OutcomeApproved, Basis: evidence.BasisEvidence, Environment: "production", Would: gate.OutcomeApproved, Facts: "sha256:" + hashed(tenant, "facts", i), Digest: "sha256:" + hashed(tenant, "decision", i)}
	body, err := json.Marshal(map[string]any{"key": key, "commit": commit, "tree": tree, "basis": decision.Basis, "decision": decision})
	if err != nil {
		return err
	}
	_, err = db.DecideDeployment(ctx, tenant, control.DeploymentVerdict{Kind: "deployment", Body: body, At: at, Evidence: control.AnyEvidence, Record: control.DeploymentRecord{
		DeploymentKey: key, Name: "production", Deployment: run, Commit: commit, Tree: tree, Stage: control.StageAnswered, Outcome: decision.Outcome, Basis: decision.Basis, Digest: decision.Digest,
		Told: decision.Outcome, ToldBasis: decision.Basis, Asked: at.Add(-time.Minute), Decided: at, Suites: []string{"unit"},
	}})
	if err != nil {
		return err
	}
	return db.EndDeployment(ctx, tenant, key, true, at.Add(time.Minute))
}

// copyDeliveries adds what two weeks of webhooks leave: one for ten of the verdicts of more than a year.
func copyDeliveries(ctx context.Context, url string, holdings []holding, e estate) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what matters was answered
	n := e.verdicts / 10
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"delivery"}, []string{"id", "installation_id", "repository_id", "event", "action", "digest", "received"}, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		t := holdings[i%len(holdings)].repo.Tenant
		digest := hashed(t, "delivery", i)
		id := fmt.Sprintf("%s-%s-11f0-8000-%s", digest[:8], digest[8:12], digest[12:24])
		return []any{id, t.Installation, t.Repository, "pull_request", "synchronize", "sha256:" + digest, e.until.Add(-13 * 24 * time.Hour * time.Duration(i) / time.Duration(n)).UnixMicro()}, nil
	}))
	return err
}
