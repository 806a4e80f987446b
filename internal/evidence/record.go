package evidence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/org/platform-action/internal/evidence/report"
)

// RecordVersion is the version of a record's form.
const RecordVersion = 1

// Record is one upload, or one fetched artifact: who ran which suites on what, and what their reports say. It is made
// by NewRecord, never changed, and known by its ID.
type Record struct {
	Version   int       `json:"version"`
	Producer  Producer  `json:"producer"`
	Subject   Subject   `json:"subject"`
	Assurance Assurance `json:"assurance"` // as the server could prove it; a body's claim can only lower it
	Suites    []Suite   `json:"suites"`    // at least one, by name
	Recorded  time.Time `json:"recorded"`  // when the server took it, by its clock; UTC, whole seconds
}

// Producer is the job that recorded: from the claims of its verified token, or from the API for artifacts. Nothing of
// it comes from a body.
type Producer struct {
	Tenant           Tenant `json:"tenant"`
	OwnerID          int64  `json:"owner_id"`
	HeadRepositoryID int64  `json:"head_repository_id"` // by API; another than the tenant's: a fork
	HeadCommit       string `json:"head_commit"`        // head_sha of the run by API; for a pull request not the commit that was tested

	Workflow       string `json:"workflow"`                   // path in the repository, such as .github/workflows/ci.yml
	WorkflowRef    string `json:"workflow_ref,omitempty"`     // owner/name/path@ref; empty for artifacts
	WorkflowSHA    string `json:"workflow_sha,omitempty"`     // commit of that file
	JobWorkflowRef string `json:"job_workflow_ref,omitempty"` // the file that holds the job, where it is another one
	JobWorkflowSHA string `json:"job_workflow_sha,omitempty"`

	Job   string   `json:"job"`             // id in the workflow file of the job that recorded
	Needs []string `json:"needs,omitempty"` // ids of the jobs that it needs, as read from the workflow file of that commit; sorted

	Event        string    `json:"event"`
	Ref          string    `json:"ref"`
	RefProtected bool      `json:"ref_protected"` // by API
	RunID        int64     `json:"run_id"`
	Attempt      int       `json:"attempt"`
	RunStarted   time.Time `json:"run_started"` // run_started_at of this attempt, by API; UTC, whole seconds
	Runner       string    `json:"runner"`      // runner_environment: github-hosted or self-hosted
}

// Subject is what was tested. Tree is the tree of the token's commit, read by the server from GitHub.
type Subject struct {
	Commit  string   `json:"commit"` // the token's sha: the merge commit of a pull_request run
	Tree    string   `json:"tree"`
	Digests []string `json:"digests,omitempty"` // of artifacts, such as sha256:…; sorted
}

// Suite is one suite of a record, counted by the server from the bytes of its reports.
type Suite struct {
	Name     string          `json:"name"`
	Tool     string          `json:"tool"` // what wrote the reports, as far as they say
	Counts   report.Counts   `json:"counts"`
	Coverage report.Coverage `json:"coverage,omitzero"` // the sum of its reports'; absent where none measured any
	Reports  []ReportDigest  `json:"reports"`           // at least one, by name
}

// ReportDigest names one report that was counted.
type ReportDigest struct {
	Name     string          `json:"name"`
	Format   string          `json:"format"` // such as junit or tap
	SHA256   string          `json:"sha256"` // 64 hexadecimal digits, of its bytes
	Coverage report.Coverage `json:"coverage,omitzero"`
}

// maxMeasured is how many reports a decision names.
const maxMeasured = 5

// Measured are the names of the reports that coverage is of, the first of them.
func (s Suite) Measured() []string {
	var out []string
	for _, r := range s.Reports {
		if r.Coverage.Lines > 0 && len(out) < maxMeasured {
			out = append(out, r.Name)
		}
	}
	return out
}

// NewRecord is the record in its canonical form, or the first thing that is wrong with it. The caller keeps what it
// gave: nothing is shared.
func NewRecord(r Record) (Record, error) {
	if r.Version == 0 {
		r.Version = RecordVersion
	}
	r.Recorded = r.Recorded.UTC().Truncate(time.Second)
	r.Producer.RunStarted = r.Producer.RunStarted.UTC().Truncate(time.Second)
	r.Producer.Needs = sorted(r.Producer.Needs)
	r.Subject.Digests = sorted(r.Subject.Digests)
	r.Suites = slices.Clone(r.Suites)
	for i := range r.Suites {
		s := &r.Suites[i]
		s.Reports = slices.Clone(s.Reports)
		slices.SortFunc(s.Reports, func(a, b ReportDigest) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.SHA256, b.SHA256))
		})
	}
	slices.SortFunc(r.Suites, func(a, b Suite) int { return cmp.Compare(a.Name, b.Name) })
	if err := r.Validate(); err != nil {
		return Record{}, err
	}
	return r, nil
}

func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// JSON is the canonical form: fields in the order of the types, lists sorted, no space.
func (r Record) JSON() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		return nil // plain fields only; Validate refuses a time that has no form, and nil is the form of no record
	}
	return data
}

// ID is the record's name: sha256: and the digest of its canonical form.
func (r Record) ID() string {
	sum := sha256.Sum256(r.JSON())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ParseRecord reads a record as JSON wrote it and refuses anything that is not its canonical form, so that one record
// has one ID.
func ParseRecord(data []byte) (Record, error) {
	var r Record
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Record{}, fmt.Errorf("the record is no JSON of this form: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Record{}, fmt.Errorf("more follows after the record")
	}
	r, err := NewRecord(r)
	if err != nil {
		return Record{}, err
	}
	if !bytes.Equal(r.JSON(), data) {
		return Record{}, fmt.Errorf("the record is not in its canonical form; write it with Record.JSON")
	}
	return r, nil
}
