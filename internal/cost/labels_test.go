package cost_test

import (
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
)

// TestPlace finds to whom a cost belongs: by the provider's default tags, which the resource's own replace.
func TestPlace(t *testing.T) {
	t.Parallel()
	p, err := planOf(txtar.Parse([]byte(`-- main.tf --
provider "aws" {
  default_tags {
    tags = {
      Team        = "platform"
      Environment = "prod"
    }
  }
}

resource "aws_sqs_queue" "ours" {}

resource "aws_sqs_queue" "theirs" {
  tags = {
    "cost-center" = "4711"
    owner         = "payments"
    env           = "staging"
    Environment   = "test"
  }
}

resource "google_compute_disk" "labelled" {
  zone   = "europe-west1-b"
  labels = { squad = "search" }
}
`)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := estimator(t, cost.Options{}).Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{
		"aws_sqs_queue.ours": {"platform", "prod"}, "aws_sqs_queue.theirs": {"platform", "test"}, "google_compute_disk.labelled": {"search", ""},
	}
	for _, r := range e.Resources {
		if got := [2]string{r.Team, r.Environment}; got != want[r.Address] {
			t.Errorf("%s: %v, want %v", r.Address, got, want[r.Address])
		}
	}
}
