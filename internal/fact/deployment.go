package fact

// Deployment is what a run asks to deploy, as policies see it. They may ask for more than the gate does, and can take
// nothing back.
type Deployment struct {
	Environment  string         `json:"environment"` // as the configuration names it
	Commit       string         `json:"commit"`
	Tree         string         `json:"tree"`
	Digests      []string       `json:"digests"`
	RunID        int64          `json:"run_id"`
	Attempt      int            `json:"attempt"`
	Workflow     string         `json:"workflow"`                        // path of the deploying workflow
	Jobs         []string       `json:"jobs"`                            // that name the environment
	At           string         `json:"at"`                              // when it is decided: RFC 3339, UTC
	Rollback     bool           `json:"rollback"`                        // this tree already ran here with an approval on evidence
	Debts        int            `json:"debts"`                           // trees that came here without proof, paid or not
	PullRequests *[]PullRequest `json:"pull_requests,omitempty"`         // merged since the last deployment on evidence; nil: not known
	PullsMissing string         `json:"pull_requests_missing,omitempty"` // why they are not known
}

// PullRequest is one pull request of a deployment, or a commit that came to the branch without one: that has no number, no
// title and no approval.
type PullRequest struct {
	Number    int    `json:"number"`
	Title     string `json:"title"`
	Author    string `json:"author"`
	Approvals int    `json:"approvals"` // of its final head, by others than its author, who may write
	Commit    string `json:"commit"`    // of the branch, that it came with
}
