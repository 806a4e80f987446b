package policy

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/org/platform-action/internal/fact"
)

// counter counts evaluation steps, which unlike seconds are the same on every machine.
type counter int

func (c *counter) Enabled() bool               { return true }
func (c *counter) Config() topdown.TraceConfig { return topdown.TraceConfig{} }
func (c *counter) TraceEvent(_ topdown.Event)  { *c++ }

// TestStepsAreLinear: twice the resources may cost each rule at most a little over twice the steps. A look-up into a
// partial rule is the usual way to lose this.
func TestStepsAreLinear(t *testing.T) {
	fsys := os.DirFS("../../policies")
	if _, err := fs.Stat(fsys, "platform"); err != nil {
		t.Fatal(err)
	}
	set, err := Compile(t.Context(), Options{Bundles: []Bundle{{Name: "builtin", FS: fsys, Builtin: true}}})
	if err != nil {
		t.Fatal(err)
	}
	small, large := stepsOf(t, set, 200), stepsOf(t, set, 400)
	for _, u := range set.units {
		a, b := small[u.pkg], large[u.pkg]
		if float64(b) > 2.2*float64(a)+200 {
			t.Errorf("%s: %d steps for 200 resources of a type, %d for 400", u.pkg, a, b)
		}
		t.Logf("%6.1f steps a resource: %s", float64(b-a)/200, u.pkg)
	}
}

func stepsOf(t *testing.T, set *Set, n int) map[string]counter {
	t.Helper()
	plan := fact.Plan{Complete: true}
	est := fact.Estimate{}
	for i := range n {
		for typ, after := range map[string]string{
			"aws_instance":            `{"instance_type":"t%d.micro","tags":{"owner":"a%d"}}`,
			"aws_security_group":      `{"ingress":[{"from_port":%d,"to_port":%d,"protocol":"tcp","cidr_blocks":["0.0.0.0/0"]}]}`,
			"aws_iam_policy":          `{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"a:%d\",\"Resource\":\"%d\"}]}"}`,
			"aws_s3_bucket_policy":    `{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"a:%d\"},\"Resource\":\"%d\"}]}"}`,
			"aws_eip":                 `{"instance":null,"x":[%d,%d]}`,
			"aws_db_instance":         `{"instance_class":"db.t%d.micro","tags":{"env":"e%d"}}`,
			"google_compute_firewall": `{"source_ranges":["10.%d.%d.0/24"],"allow":[{"protocol":"tcp","ports":["22"]}]}`,
			"azurerm_resource_group":  `{"location":"l%d","tags":{"owner":"%d"}}`,
		} {
			plan.Resources = append(plan.Resources, fact.Resource{Address: fmt.Sprintf("%s.r%d", typ, i), Name: fmt.Sprintf("r%d", i), Type: typ,
				Action: fact.Create, After: json.RawMessage(fmt.Sprintf(after, i, i%250))})
		}
		plan.Resources = append(plan.Resources, fact.Resource{Address: fmt.Sprintf("aws_nat_gateway.r%d", i), Type: "aws_nat_gateway", Action: fact.Create,
			After: json.RawMessage(`{}`), Config: &fact.ResourceConfig{Attributes: map[string]fact.Expression{
				"allocation_id": {References: []string{fmt.Sprintf("aws_eip.r%d.id", i)}}}}})
		est.Resources = append(est.Resources, fact.ResourceCost{Address: fmt.Sprint("aws_instance.r", i)})
	}
	in := Input{Facts: fact.Facts{Plan: fact.Of(plan), Estimate: fact.Of(est), Params: map[string]any{"required_tags": []any{"owner"}, "regions": []any{"eu-west-1"},
		"tag_values": map[string]any{"env": []any{"dev"}}}}}
	docs, err := set.documents(in)
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string]counter{}
	for _, u := range set.units {
		var c counter
		u.run(t.Context(), &docs, severities{}, "", rego.EvalQueryTracer(&c))
		steps[u.pkg] = c
	}
	return steps
}
