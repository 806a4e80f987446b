package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/policies"
)

func builtin() policy.Bundle { return policy.Bundle{Name: "builtin", FS: policies.FS, Builtin: true} }

func TestBuiltinFindsAPublicDatabase(t *testing.T) {
	set, err := policy.Compile(t.Context(), policy.Options{Bundles: []policy.Bundle{builtin()}})
	if err != nil {
		t.Fatal(err)
	}
	plan := fact.Plan{Complete: true, Resources: []fact.Resource{{Address: "aws_db_instance.main", Type: "aws_db_instance", Name: "main",
		Action: fact.Create, After: json.RawMessage(`{"publicly_accessible":true}`)}}}
	res, err := set.Evaluate(t.Context(), policy.Input{Facts: fact.Facts{Plan: fact.Of(plan), Estimate: fact.Of(fact.Estimate{})}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", res)
	for _, f := range res.Findings {
		if f.ID == "SEC-002" {
			return
		}
	}
	t.Fatal("SEC-002 did not fire")
}
