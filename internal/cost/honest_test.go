package cost_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// TestNothingHides holds that what costs, and has no number, is counted as such: each of these passed a limit once.
func TestNothingHides(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	resource := func(typ, before, after, unknown string, config map[string]fact.Expression) fact.Resource {
		r := fact.Resource{Address: typ + ".v", Type: typ, Name: "v", ProviderKey: "aws", Action: fact.Create, After: json.RawMessage(after), Unknown: json.RawMessage(unknown)}
		if before != "" {
			r.Action, r.Before = fact.Update, json.RawMessage(before)
		}
		r.Config = &fact.ResourceConfig{Address: r.Address, Attributes: config}
		return r
	}
	for name, c := range map[string]struct {
		resource fact.Resource
		total    string // after; empty: some part has no number
	}{
		"no price before the change": {resource("aws_instance", `{"instance_type":"z9.nano"}`, `{"instance_type":"m5.24xlarge"}`, `{}`, nil), ""},
		"a dynamic block":            {resource("aws_dynamodb_table", "", `{"billing_mode":"PROVISIONED","read_capacity":10,"write_capacity":10}`, `{"replica":true}`, nil), ""},
		"a block of something unknown": {resource("aws_instance", "", `{"instance_type":"m5.large"}`, `{"ebs_block_device":true}`,
			map[string]fact.Expression{"ebs_block_device": {Blocks: []map[string]fact.Expression{{"volume_size": {References: []string{"data.x.y.z"}}}}}}), ""},
		"a block that the provider fills in": {resource("aws_instance", "", `{"instance_type":"t3.micro"}`, `{"ebs_block_device":true,"root_block_device":true}`, nil), "9.202"},
		"a cluster of its own":               {resource("aws_rds_cluster", "", `{"engine":"mysql","db_cluster_instance_class":"db.r6gd.large","allocated_storage":100}`, `{}`, nil), ""},
		"capacity of an index":               {resource("aws_dynamodb_table", "", `{"billing_mode":"PROVISIONED","read_capacity":10,"write_capacity":10,"global_secondary_index":[{"name":"a","read_capacity":1000,"write_capacity":1000}]}`, `{}`, nil), "650.2986"},
		"replicas of a secret":               {resource("aws_secretsmanager_secret", "", `{"replica":[{"region":"eu-west-1"},{"region":"eu-west-2"}]}`, `{}`, nil), "1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fact.Plan{Providers: map[string]fact.Provider{"aws": {Key: "aws", Region: "eu-west-1"}}, Resources: []fact.Resource{c.resource}}
			got, err := e.Estimate(p)
			if err != nil {
				t.Fatal(err)
			}
			open := got.Coverage.ChangedUnknown + got.Coverage.ChangedUnpriced
			if c.total == "" {
				findings := cost.Judge(fact.Limits{Unknown: fact.UnknownBlocks}, []cost.Project{{Path: "p", Estimate: got}})
				if open != 1 || len(findings) != 1 || findings[0].Severity != verdict.Undecided {
					t.Errorf("%d open, findings %+v\n%s", open, findings, bill(got))
				}
				return
			}
			if open != 0 || got.Total.After.Value().String() != c.total {
				t.Errorf("%s and %d open, want %s\n%s", got.Total.After, open, c.total, bill(got))
			}
		})
	}
}

// TestShownRegion takes the region of other resources of the same provider where its configuration does not resolve.
func TestShownRegion(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	for want, other := range map[string]string{
		"eu-west-1": `{"arn":"arn:aws:sqs:eu-west-1:1:q"}`, "ap-southeast-2": `{"availability_zone":"ap-southeast-2b"}`, "us-east-1": `{"arn":"arn:aws:iam::1:role/x"}`,
	} {
		p := fact.Plan{Providers: map[string]fact.Provider{"aws": {Key: "aws", RegionFrom: "local.region"}}, Resources: []fact.Resource{
			{Address: "aws_lb.a", Type: "aws_lb", Name: "a", ProviderKey: "aws", Action: fact.Create, After: json.RawMessage(`{}`)},
			{Address: "aws_sqs_queue.q", Type: "aws_sqs_queue", Name: "q", ProviderKey: "aws", Action: fact.NoOp, Before: json.RawMessage(other), After: json.RawMessage(other)},
		}}
		got, err := e.Estimate(p)
		if err != nil || got.Resources[0].Region != want || fmt.Sprint(got.Notes) == "[]" {
			t.Errorf("%s: %s, %v, %v", want, got.Resources[0].Region, got.Notes, err)
		}
	}
}
