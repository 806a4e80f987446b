package github

import (
	"math"
	"slices"
)

// wanted reports the events that can ask for something.
func wanted(event string) bool { return slices.Contains(wantedEvents(), event) }

func wantedEvents() []string {
	return []string{
		"pull_request", "pull_request_review", "merge_group", "push", "check_run", "check_suite", "issue_comment",
		"installation", "installation_repositories", "installation_target", "repository", "workflow_run", "deployment_protection_rule", "deployment_review",
		"deployment_status",
	}
}

// ignoredEvents are told apart in metrics, and ask for nothing.
func ignoredEvents() []string {
	return []string{
		"ping", "workflow_job", "deployment",
		"pull_request_review_comment", "pull_request_review_thread", "issues", "status", "create", "delete",
	}
}

const otherEvent = "other"

// Observed are all that WebhookOptions.Observe is ever told: so that metrics can begin with 0 of each.
func Observed() (events, outcomes []string) {
	return append(append([]string{"", otherEvent}, wantedEvents()...), ignoredEvents()...), []string{
		outcomeAccepted, outcomeDuplicate, outcomeIgnored, outcomePing, outcomeRefused, outcomeSignature, outcomeRequest, outcomeTooLarge, outcomeNotNow, outcomeFailed,
	}
}

// metricName bounds the names that metrics are kept under: the header is not signed.
func metricName(event string) string {
	if wanted(event) || slices.Contains(ignoredEvents(), event) {
		return event
	}
	return otherEvent
}

// fits compares the body with the event's name, which no signature covers: a body that was sent for one event must not
// work as another. Only members that GitHub always sends are asked for.
func (p payload) fits(event string) bool {
	switch event {
	case "pull_request":
		return p.PullRequest != nil && isNumber(p.Number)
	case "pull_request_review":
		return p.PullRequest != nil && bool(p.Review)
	case "merge_group":
		return p.MergeGroup != nil
	case "push":
		return p.Ref != "" && p.After != "" && p.Commits.there && p.Does == ""
	case "check_run":
		return p.CheckRun != nil
	case "check_suite":
		return p.CheckSuite != nil && p.CheckRun == nil
	case "issue_comment":
		return p.Comment != nil && p.Issue != nil
	case "installation":
		return p.Installation.Account != nil && p.Account == nil && p.Repository == nil && p.shape == shape{}
	case "installation_repositories":
		return p.Installation.Account != nil && bool(p.Added && p.Removed)
	case "installation_target":
		return p.Account != nil && p.Repository == nil
	case "workflow_run":
		return p.WorkflowRun.there && p.WorkflowRun.id > 0 && !bool(p.WorkflowJob) && p.Environment == "" && p.Status == nil
	case "deployment_protection_rule":
		return p.Repository != nil && p.Status == nil && !p.WorkflowRun.there && p.After == "" && p.alone()
	case "deployment_review":
		return p.Repository != nil && p.reviewed
	case "deployment_status":
		return p.Status != nil && p.Deployment.there
	case "repository":
		return p.Repository != nil && p.shape == shape{} && p.bare()
	}
	return false
}

// isNumber reports what can be the number of a pull request.
func isNumber(n int64) bool { return n > 0 && n <= math.MaxInt32 }

// bare reports that there is no other object that the event could be about.
func (p payload) bare() bool {
	return p.alone() && p.Ref == ""
}

func (p payload) alone() bool {
	return p.PullRequest == nil && p.Issue == nil && p.Comment == nil && p.CheckRun == nil && p.CheckSuite == nil &&
		p.MergeGroup == nil && p.Account == nil
}
