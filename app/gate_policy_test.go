package main

import (
	"strings"
	"testing"
	"time"
)

// TestDeployPolicies: policies see a deployment, and what they block does not go ahead.
func TestDeployPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, until, state string }{
		"within its window":     {"00:00", "24:00", "approved"},
		"outside of its window": {"00:00", "00:00", "rejected"},
	} {
		d := newDesk(t, "policies:\n  params:\n    deploy_windows:\n      production: {days: [mon, tue, wed, thu, fri, sat, sun, "+
			"Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday], from: \""+c.from+"\", until: \""+c.until+"\", zone: UTC}\n")
		d.tested(1, d.tip, 3, 0)
		d.ask(10, d.tip)
		g := d.pass(10, time.Minute, 20*time.Second)
		if g.State != c.state || c.state == "rejected" && !strings.Contains(g.Comment, "DEPLOY-003") {
			t.Errorf("%s: %+v", name, g)
		}
	}
}
