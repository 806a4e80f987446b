// Package report turns the bytes of one test report into counts of what was executed; it takes nobody's word for them.
package report

// Counts are the cases of a report. Executed counts every case that the report lists, skipped ones too, so that
// Passed + Failed + Errored + Skipped == Executed. A case that was tried again is counted once, by its last result;
// Retried says of how many cases that is true.
type Counts struct {
	Executed int `json:"executed"`
	Passed   int `json:"passed"`
	Failed   int `json:"failed"`
	Errored  int `json:"errored"`
	Skipped  int `json:"skipped"`
	Retried  int `json:"retried"`
}
