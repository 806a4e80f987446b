package cost

import (
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/verdict"
)

// acknowledge asks whether an increase is meant, unless somebody has confirmed as much of the same resources.
func (j *judge) acknowledge(limits fact.Limits, projects []Project) {
	before := len(j.findings)
	j.threshold(NeedsAck, "Increase waits for an acknowledgement", limits.Acknowledge, verdict.Block,
		"confirm that this amount is meant: somebody with write access, by the check's button or by "+AckCommand, limits.Unknown)
	if len(j.findings) == before || j.findings[before].Severity != verdict.Block {
		return
	}
	found := &j.findings[before]
	found.Message += fmt.Sprintf(": this change adds about %s a month, is that meant?", amount(j.total.Delta))
	if c, ok := confirmed(limits.Confirmed, j.total.Delta, Growing(projects)); ok {
		*found = verdict.Finding{
			ID: "acknowledged", Title: "The increase was confirmed", Severity: verdict.Allow,
			Message: fmt.Sprintf("%s confirmed %s a month on %s", c.By, amount(c.Amount), c.On),
		}
	}
}

// NeedsAck is the finding of an increase that nobody has confirmed yet.
const NeedsAck = "needs-ack"

// AckCommand confirms it in a pull request; DIGEST stands for the first digits of the verdict's digest.
const AckCommand = "`/platform ack DIGEST`"

// confirmed finds a confirmation that covers an increase: of no smaller amount in the same currency, and of every
// resource whose cost grows.
func confirmed(list []fact.Confirmation, delta money.Amount, growing []string) (fact.Confirmation, bool) {
	for _, c := range slices.Backward(list) {
		if c.Amount.Currency() == delta.Currency() && delta.Cmp(c.Amount) <= 0 && subset(growing, c.Resources) {
			return c, true
		}
	}
	return fact.Confirmation{}, false
}

// Growing names the resources whose known cost grows, sorted: PROJECT: ADDRESS.
func Growing(projects []Project) []string {
	var out []string
	for _, p := range projects {
		for i := range p.Estimate.Resources {
			if r := &p.Estimate.Resources[i]; r.Monthly.Delta.Sign() > 0 {
				out = append(out, p.Path+": "+r.Address)
			}
		}
	}
	slices.Sort(out)
	return out
}

// subset reports that every word of one sorted list is in another.
func subset(list, of []string) bool {
	for _, word := range list {
		if _, in := slices.BinarySearch(of, word); !in {
			return false
		}
	}
	return true
}
