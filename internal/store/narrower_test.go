package store

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

func version(t *testing.T, name string) int64 {
	t.Helper()
	return must[int64](t)(goose.NumericComponent(name))
}

var (
	quoted  = regexp.MustCompile(`'(?:[^']|'')*'`)
	comment = regexp.MustCompile(`--[^\n]*`)
	made    = regexp.MustCompile(`(?i)^CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)`)
	unique  = regexp.MustCompile(`(?i)^CREATE UNIQUE INDEX .* ON "?(\w+)`)
	added   = regexp.MustCompile(`(?i)\bADD\b.*\bNOT NULL\b`)
)

// faultOf are what an older replica, which still runs, cannot live with.
var faultOf = []struct {
	match *regexp.Regexp
	why   string
}{
	{regexp.MustCompile(`(?i)^(DROP|TRUNCATE|DELETE)\b|\bDROP (COLUMN|CONSTRAINT|TABLE)\b|^ALTER TABLE .*\bDROP\b`), "takes away what an older replica uses"},
	{regexp.MustCompile(`(?i)\bRENAME\b`), "renames what an older replica uses"},
	{regexp.MustCompile(`(?i)^ALTER TABLE .*\bALTER\b`), "changes a column that an older replica writes"},
	{regexp.MustCompile(`(?i)^ALTER TABLE .*\b(CONSTRAINT|UNIQUE|REFERENCES|CHECK|PRIMARY KEY)\b`), "adds a constraint that an older replica does not keep"},
	{regexp.MustCompile(`(?i)^CREATE (OR REPLACE )?(TRIGGER|RULE)\b`), "adds a trigger to what an older replica writes"},
}

// narrower says what of a migration an older replica cannot live with. Such a change takes two versions: one that no
// longer needs the old form, and a later one that takes it away; the later one gets its exception here, with the version
// that must run everywhere before it.
func narrower(text string) []string {
	var faults []string
	if strings.Contains(text, "+goose Down") {
		faults = append(faults, "schemas only go forward: there is no way down")
		text, _, _ = strings.Cut(text, "-- +goose Down")
	}
	fresh := map[string]bool{}
	for statement := range strings.SplitSeq(comment.ReplaceAllString(quoted.ReplaceAllString(text, "''"), ""), ";") {
		statement = strings.Join(strings.Fields(statement), " ")
		if m := made.FindStringSubmatch(statement); m != nil {
			fresh[m[1]] = true
		}
		for _, f := range faultOf {
			if f.match.MatchString(statement) {
				faults = append(faults, statement+": "+f.why)
			}
		}
		if m := unique.FindStringSubmatch(statement); m != nil && !fresh[m[1]] {
			faults = append(faults, statement+": a unique index that an older replica does not keep")
		}
		faults = append(faults, bare(statement)...)
	}
	return faults
}

// bare finds columns that an older replica, which knows nothing of them, cannot leave out.
func bare(statement string) []string {
	if !strings.HasPrefix(strings.ToUpper(statement), "ALTER TABLE") {
		return nil
	}
	var faults []string
	for part := range strings.SplitSeq(statement, ", ") {
		if added.MatchString(part) && !strings.Contains(strings.ToUpper(part), " DEFAULT ") {
			faults = append(faults, part+": NOT NULL without a default, which an older replica does not write")
		}
	}
	return faults
}
