package policy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
)

// sample is a mixed plan: every sixth resource breaks a rule, attributes that no rule reads are by far the most.
func sample(n int) fact.Facts {
	bulk := `"arn":"arn:aws:x","padding":{"a":[1,2,3],"b":"` + string(make49()) + `"},"user_data":"IyEvYmluL3NoCg==","timeouts":null`
	after := []struct{ typ, attrs string }{
		{"aws_instance", `"instance_type":"t3.micro","associate_public_ip_address":false,"metadata_options":[{"http_tokens":"required"}],"root_block_device":[{"volume_type":"gp3"}],"ebs_block_device":[]`},
		{"aws_s3_bucket", `"acl":"private","force_destroy":false`},
		{"aws_security_group", `"ingress":[{"from_port":443,"to_port":443,"protocol":"tcp","cidr_blocks":["0.0.0.0/0"],"ipv6_cidr_blocks":[]}]`},
		{"aws_iam_role_policy", `"policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}]}"`},
		{"aws_db_instance", `"instance_class":"db.r7g.large","publicly_accessible":false,"storage_encrypted":true,"storage_type":"gp3","deletion_protection":true,"skip_final_snapshot":false`},
		{"aws_cloudwatch_log_group", `"retention_in_days":0`},
	}
	cost := fact.Change{Before: money.New(decimal.Zero, money.USD), After: money.New(decimal.NewFromInt(7), money.USD), Delta: money.New(decimal.NewFromInt(7), money.USD)}
	plan := fact.Plan{Name: "plan.json", Complete: true, Providers: map[string]fact.Provider{"aws": {Key: "aws", Region: "eu-west-1", Version: "~> 5.0", DefaultTags: map[string]string{"team": "a"}}}}
	est := fact.Estimate{Currency: money.USD, Total: cost, UsagePart: fact.Change{}}
	for i := range n {
		kind := after[i%len(after)]
		r := fact.Resource{Address: fmt.Sprintf("%s.r%06d", kind.typ, i), Type: kind.typ, Name: fmt.Sprintf("r%06d", i), ProviderKey: "aws", Action: fact.Create,
			After:   json.RawMessage(`{` + bulk + `,"tags":{"owner":"a","Name":"x"},` + kind.attrs + `}`),
			Unknown: json.RawMessage(`{"id":true,"arn":true,"tags_all":{}}`)}
		plan.Resources = append(plan.Resources, r)
		est.Resources = append(est.Resources, fact.ResourceCost{Address: r.Address, Type: r.Type, Provider: "aws", Monthly: cost})
	}
	return fact.Facts{Plan: fact.Of(plan), Estimate: fact.Of(est), Params: map[string]any{"required_tags": []any{"owner"}, "regions": []any{"eu-west-1"}}}
}

func make49() []byte {
	b := make([]byte, 49)
	for i := range b {
		b[i] = 'x'
	}
	return b
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := policy.Compile(b.Context(), policy.Options{Bundles: []policy.Bundle{builtin()}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	set := compile(b, builtin())
	for _, n := range []int{0, 1_000, 20_000} {
		facts := sample(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				res, err := set.Evaluate(b.Context(), policy.Input{Facts: facts})
				if err != nil || len(res.Findings) < n/6 || n > 0 && strings.HasPrefix(res.Findings[0].ID, "policy-") {
					b.Fatal(len(res.Findings), res.Findings[:1], err)
				}
			}
		})
	}
}

// BenchmarkFurtherRules is what rules beyond the built-in ones cost at 1,000 resources: one of ten looks at a
// resource type of the plan.
func BenchmarkFurtherRules(b *testing.B) {
	facts := sample(1_000)
	for _, n := range []int{0, 10, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bundles := []policy.Bundle{builtin()}
			if n > 0 {
				bundles = append(bundles, policy.Bundle{Name: "team", FS: furtherRules(n)})
			}
			set := compile(b, bundles...)
			for b.Loop() {
				if _, err := set.Evaluate(b.Context(), policy.Input{Facts: facts}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func furtherRules(n int) fstest.MapFS {
	types := []string{"aws_instance", "aws_s3_bucket", "aws_db_instance", "azurerm_storage_account", "google_compute_instance"}
	files := fstest.MapFS{}
	for i := range n {
		typ := types[i%len(types)]
		files[fmt.Sprintf("rule%03d.rego", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `# METADATA
# title: Rule %[1]d
# custom:
#   id: TEAM-%03[1]d
#   severity: warn
#   reads:
#     %[2]s: [tags]
package team.rule%03[1]d

deny contains result if {
	some r in input.resources.%[2]s
	r.judged
	object.get(r.after, ["tags", "owner"], "") == "nobody-%[1]d"
	result := {"msg": sprintf("%%s belongs to nobody", [r.address]), "address": r.address}
}
`, i, typ)}
	}
	return files
}
