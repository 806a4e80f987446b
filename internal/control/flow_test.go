package control_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/platform-action/internal/control"
)

func TestChangeOfSource(t *testing.T) {
	t.Parallel()
	b := newBench(t, rooted("t3.micro", ""))
	b.open(t, 1, "h", rooted("m5.large", ""))
	b.evaluate(t, "h")
	if len(b.checks) != 1 || !b.checks[0].Done || b.checks[0].Conclusion != control.Succeeded {
		t.Fatalf("checks: %+v", b.checks)
	}
	if len(b.comments) != 1 || !strings.HasPrefix(b.comments[0], control.Marker) || !strings.Contains(b.comments[0], "aws_instance.web") {
		t.Fatalf("comments: %q", b.comments)
	}
	if b.writes != 3 {
		t.Errorf("%d writes, want 3: in progress, finished, comment", b.writes)
	}
	b.evaluate(t, "h")
	if b.writes != 3 {
		t.Errorf("a decided head was written again: %d writes", b.writes)
	}
}

func TestNoTerraform(t *testing.T) {
	t.Parallel()
	b := newBench(t, rooted("t3.micro", ""))
	head := rooted("t3.micro", "")
	head["README.md"] = &fstest.MapFile{Data: []byte("# other\n")}
	b.open(t, 1, "h", head)
	b.evaluate(t, "h")
	if len(b.checks) != 1 || b.checks[0].Conclusion != control.Succeeded || len(b.comments) != 0 || b.writes != 1 {
		t.Errorf("checks %+v, comments %q, writes %d", b.checks, b.comments, b.writes)
	}
}

// TestAcknowledgement: an amount is asked for, confirmed by somebody who may, and asked for again when it grows.
func TestAcknowledgement(t *testing.T) {
	t.Parallel()
	const limit = "version: 1\ncost:\n  acknowledge: {delta: 20}\n"
	b := newBench(t, rooted("t3.micro", limit))
	b.open(t, 1, "h", rooted("m5.large", limit))
	b.evaluate(t, "h")
	c := b.checks[0]
	if c.Conclusion != control.ActionRequired || len(c.Buttons) == 0 || !strings.HasPrefix(c.Buttons[0].Identifier, "ack-") {
		t.Fatalf("no acknowledgement is asked for: %+v", c)
	}
	press := func(login, action string) {
		input, err := json.Marshal(control.ButtonInput{Check: 1, Head: "h", Action: action, Sender: control.Person{ID: int64(login[0]), Login: login, Kind: "User"}})
		if err != nil {
			t.Fatal(err)
		}
		b.handle(t, control.Task{Kind: control.AnswerButton, Subject: "1", Input: input})
		b.evaluate(t, "h")
	}
	press("stranger", c.Buttons[0].Identifier)
	press("reader", c.Buttons[0].Identifier)
	press("writer", "ack-00000000")
	if b.checks[0].Conclusion != control.ActionRequired {
		t.Fatalf("somebody who may not has confirmed: %+v", b.checks[0])
	}
	press("writer", c.Buttons[0].Identifier)
	if b.checks[0].Conclusion != control.Succeeded || !strings.Contains(b.checks[0].Summary, "writer confirmed") {
		t.Fatalf("the confirmation does not count: %+v", b.checks[0])
	}
	b.open(t, 1, "h2", rooted("t3.large", limit))
	b.evaluate(t, "h2")
	if got := b.checks[1].Conclusion; got != control.Succeeded {
		t.Errorf("a lower amount is asked for again: %v", b.checks[1])
	}
	b.open(t, 1, "h3", rooted("m5.4xlarge", limit))
	b.evaluate(t, "h3")
	if got := b.checks[2].Conclusion; got != control.ActionRequired {
		t.Errorf("a higher amount passes: %v", b.checks[2])
	}
}

// TestProposedConfiguration: a change cannot loosen what it is judged by, and an invalid proposal is refused.
func TestProposedConfiguration(t *testing.T) {
	t.Parallel()
	const strict = "version: 1\ncost:\n  block: {delta: 5}\n"
	for name, proposed := range map[string]string{
		"looser": "version: 1\n", "invalid": "version: 1\nbudget_: []\n",
		"discounts":       strict + "  discounts: [{provider: aws, percent: 100}]\n",
		"prices":          strict + "  prices: [{sku: aws/ec2_linux/m5.large, price: 0}]\n",
		"exchange rates":  strict + "  currency: GBP\n  exchange_rates: {USD: 0.0001, date: 2026-11-20}\n",
		"a usage profile": strict + "  usage_profile: small\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, rooted("t3.micro", strict))
			head := rooted("m5.large", proposed)
			head["catalogue/ours.yaml"] = &fstest.MapFile{Data: []byte("aws_instance:\n  service: s\n  source: https://example.com\n  components: [{name: n, unit: u, quantity: \"1.0\", price: usd(0)}]\n")}
			b.open(t, 1, "h", head)
			b.evaluate(t, "h")
			if b.checks[0].Conclusion != control.Failed {
				t.Errorf("%+v", b.checks[0])
			}
		})
	}
	b := newBench(t, rooted("t3.micro", ""))
	b.open(t, 1, "h", rooted("m5.large", strict))
	b.evaluate(t, "h")
	if b.checks[0].Conclusion != control.Failed {
		t.Errorf("a stricter proposal does not count: %+v", b.checks[0])
	}
}

// TestLostHead: a pull request that has moved on is evaluated under its new head, and the old check ends.
func TestLostHead(t *testing.T) {
	t.Parallel()
	b := newBench(t, rooted("t3.micro", ""))
	b.open(t, 1, "h", rooted("m5.large", ""))
	p := b.pulls[1]
	p.Open = false
	b.pulls[1] = p
	b.evaluate(t, "h")
	if b.writes != 0 {
		t.Errorf("a closed pull request was written to: %+v", b.checks)
	}
}
