package promrules

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"go.yaml.in/yaml/v3"
)

const deploy = "../../deploy/"

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func rules(t *testing.T) map[string]rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	data, err := os.ReadFile(deploy + "prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	out := map[string]rule{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			out[r.Alert] = r
		}
	}
	return out
}

// TestRules parses each rule, and holds it against the house's form: a severity, a summary, and a runbook that is there.
func TestRules(t *testing.T) {
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range rules(t) {
		if _, err := parser.ParseExpr(r.Expr); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r.For != "" {
			if _, err := time.ParseDuration(r.For); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" && s != "info" {
			t.Errorf("%s has the severity %q", name, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s says nothing", name)
		}
		if _, anchor, _ := strings.Cut(r.Annotations["runbook_url"], "docs/observability.md#"); anchor != strings.ToLower(name) || !strings.Contains(string(page), "### "+name+"\n") {
			t.Errorf("%s has no runbook in docs/observability.md", name)
		}
	}
}

// TestDashboard parses each expression of the dashboard.
func TestDashboard(t *testing.T) {
	var board struct {
		UID    string `json:"uid"`
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			Type    string `json:"type"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	data, err := os.ReadFile(deploy + "grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	ids, n := map[int]bool{}, 0
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			n++
			if _, err := parser.ParseExpr(strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")); err != nil {
				t.Errorf("%s: %v", p.Title, err)
			}
		}
	}
	if n < 20 || board.UID == "" {
		t.Errorf("%d expressions", n)
	}
}

// TestAlerts feeds each rule with a file of series in which it must fire, and one in which it must not, a minute a value.
func TestAlerts(t *testing.T) {
	var file map[string]struct {
		At    string `yaml:"at"`
		Fires string `yaml:"fires"`
		Quiet string `yaml:"quiet"`
	}
	data, err := os.ReadFile("testdata/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	all := rules(t)
	for name, c := range file {
		r, known := all[name]
		if !known {
			t.Errorf("there is no rule %s", name)
			continue
		}
		at, err := time.ParseDuration(c.At)
		if err != nil {
			t.Fatal(name, err)
		}
		honest(t, name, c.Fires)
		for series, want := range map[string]bool{c.Fires: true, c.Quiet: false} {
			if got := fires(t, r, series, at); got != want {
				t.Errorf("%s fires: %t, want %t with\n%s", name, got, want, series)
			}
		}
	}
	for name := range all {
		if _, tried := file[name]; !tried {
			t.Errorf("testdata/alerts.yaml does not try %s", name)
		}
	}
}

// honest holds the counters of a case against what a server really begins with: of a series that is not in testdata/begun.txt,
// which a test of the server writes, nobody sees a 0 before the first event. Such a case has to begin with nothing (_).
func honest(t *testing.T, name, series string) {
	t.Helper()
	data, err := os.ReadFile("testdata/begun.txt")
	if err != nil {
		t.Fatal(err)
	}
	begun := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		begun[metric(t, strings.TrimSpace(line))] = true
	}
	for line := range strings.Lines(series) {
		at := strings.LastIndex(line, "}")
		if at < 0 {
			at = strings.Index(line, " ") - 1
		}
		of, values := metric(t, line[:at+1]), strings.TrimSpace(line[at+1:])
		if !strings.HasPrefix(of, `{__name__="platform_`) || !strings.Contains(of, `_total"`) && !strings.Contains(of, `_bucket"`) {
			continue
		}
		if zero := strings.HasPrefix(values, "0"); begun[of] && !zero || !begun[of] && !strings.HasPrefix(values, "_") {
			t.Errorf("%s: a server begins with 0 of %s: %t, and the case with %s", name, of, begun[of], values)
		}
	}
}

// metric is the name of a series, in one form.
func metric(t *testing.T, text string) string {
	t.Helper()
	m, err := parser.ParseMetric(text)
	if err != nil {
		t.Fatal(text, err)
	}
	return m.WithoutEmpty().String()
}

// fires evaluates as Prometheus does: every minute, and for as long as the rule says.
func fires(t *testing.T, r rule, series string, at time.Duration) bool {
	t.Helper()
	var load strings.Builder
	load.WriteString("load 1m\n")
	for line := range strings.Lines(series) {
		fmt.Fprintf(&load, "  %s\n", strings.TrimSpace(line))
	}
	storage := promqltest.LoadedStorage(t, load.String())
	defer func() { _ = storage.Close() }()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute})
	defer func() { _ = engine.Close() }()
	hold := time.Duration(0)
	if r.For != "" {
		var err error
		if hold, err = time.ParseDuration(r.For); err != nil {
			t.Fatal(err)
		}
	}
	for when := at - hold; when <= at; when += time.Minute {
		q, err := engine.NewInstantQuery(t.Context(), storage, nil, r.Expr, time.Unix(0, 0).Add(when))
		if err != nil {
			t.Fatal(r.Alert, err)
		}
		result := q.Exec(t.Context())
		vector, err := result.Vector()
		if err != nil {
			t.Fatal(r.Alert, err)
		}
		n := len(vector)
		q.Close()
		if n == 0 {
			return false
		}
	}
	return true
}
