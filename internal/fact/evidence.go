package fact

// Evidence is what was decided about the tests of the subject, as policies see it. They may ask for more than the gate
// does, and can take nothing back.
type Evidence struct {
	Environment string          `json:"environment"` // empty before a merge
	Outcome     string          `json:"outcome"`     // tested, waiting, not-tested or undecided
	Commit      string          `json:"commit"`      // what is asked about
	Tree        string          `json:"tree"`
	Codes       []string        `json:"codes"`  // against the subject as a whole, such as stage-missing
	Suites      []SuiteEvidence `json:"suites"` // one a required suite, by name
}

// SuiteEvidence is one required suite.
type SuiteEvidence struct {
	Name   string `json:"name"`
	Tested bool   `json:"tested"` // it ran on this tree and counts; false where it was left out as not-applicable
	Code   string `json:"code"`
	*SuiteRecord
}

// SuiteRecord is the record that a suite was judged by. Where there is none its fields are absent, so that no policy
// takes "nothing recorded" for "0 failed".
type SuiteRecord struct {
	Executed  int    `json:"executed"`
	Passed    int    `json:"passed"`
	Failed    int    `json:"failed"`
	Errored   int    `json:"errored"`
	Skipped   int    `json:"skipped"`
	Retried   int    `json:"retried"`
	Commit    string `json:"commit"` // that the run was of
	Tree      string `json:"tree"`
	AgeHours  int    `json:"age_hours"` // whole hours since the run started
	Assurance string `json:"assurance"`
	RunID     int64  `json:"run_id"`

	Coverage *SuiteCoverage `json:"coverage,omitempty"` // nil: the record measured none
}

// SuiteCoverage is how much of the source the tests of a suite ran.
type SuiteCoverage struct {
	Covered int      `json:"covered"` // lines, of Go statements
	Total   int      `json:"total"`   // of those that could run; at least 1
	Percent float64  `json:"percent"` // rounded down to hundredths: 79.999 is 79.99
	Reports []string `json:"reports"` // names of the first five that say so, as the run chose them
}
