package cost_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/verdict"
)

// bandSource is a group whose size is known only after apply, between 2 and 10 machines of 0.107 USD an hour and 8 GB of
// 0.11 USD a month each: 2 × (78.11 + 0.88) = 157.98, 10 × 78.99 = 789.90.
const bandSource = `-- main.tf --
provider "aws" {
  region = "eu-west-1"
}

data "aws_ssm_parameter" "size" {
  name = "size"
}

resource "aws_launch_template" "web" {
  instance_type = "m5.large"

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type = "gp2"
      volume_size = 8
    }
  }
}

resource "aws_autoscaling_group" "web" {
  min_size         = 2
  max_size         = 10
  desired_capacity = data.aws_ssm_parameter.size.value

  launch_template {
    id = aws_launch_template.web.id
  }
}
`

// TestBand bounds what is unknown within bounds: the low end is a certain cost, the high end a possible one.
func TestBand(t *testing.T) {
	t.Parallel()
	p, err := planOf(txtar.Parse([]byte(bandSource)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := estimator(t, cost.Options{}).Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	var low, high money.Amount
	for _, l := range e.Resources[0].Lines {
		if l.After.Basis == fact.UsageUnset {
			continue
		}
		if l.After.Basis != fact.Unknown || l.After.Low == nil || l.After.Monthly != nil || !strings.Contains(l.After.Why, "aws_ssm_parameter") {
			t.Fatalf("%s has no band:\n%s", l.Name, bill(e))
		}
		low, high = low.In(money.USD).Add(*l.After.Low), high.In(money.USD).Add(*l.After.High)
	}
	if low.Value().String() != "157.98" || high.Value().String() != "789.9" || !e.Total.After.IsZero() || e.Upper.After.Value().String() != "789.9" {
		t.Errorf("from %s to %s, total %s, upper %s:\n%s", low, high, e.Total.After, e.Upper.After, bill(e))
	}
	for limit, want := range map[int64]verdict.Severity{150: verdict.Block, 500: verdict.Undecided, 1000: verdict.Allow} {
		delta := money.New(decimal.NewFromInt(limit), money.USD)
		got := verdict.Allow
		for _, f := range cost.Judge(fact.Limits{Block: fact.Threshold{Delta: &delta}, Unknown: fact.UnknownBlocks}, []cost.Project{{Path: "p", Estimate: e}}) {
			if f.ID == "LIMIT-001" {
				got = f.Severity
			}
		}
		if got != want {
			t.Errorf("a limit of %d: %v, want %v", limit, got, want)
		}
	}
}

// TestBandEnds leaves a number alone that is known, and takes the lower bound where it is not set.
func TestBandEnds(t *testing.T) {
	t.Parallel()
	for want, line := range map[string]string{"315.96": "desired_capacity = 4", "157.98": ""} {
		p, err := planOf(txtar.Parse([]byte(strings.Replace(bandSource, "desired_capacity = data.aws_ssm_parameter.size.value", line, 1))))
		if err != nil {
			t.Fatal(err)
		}
		e, err := estimator(t, cost.Options{}).Estimate(p)
		if err != nil || e.Total.After.Value().String() != want || e.Coverage.Unknown != 0 {
			t.Errorf("%q: %s, want %s, %v\n%s", line, e.Total.After, want, err, bill(e))
		}
	}
}
