package local

import (
	"strings"
	"testing"
)

// TestSniff tells files by their outermost members, in whatever order they stand.
func TestSniff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Kind{
		"": APlan, "[]": APlan, "{": APlan, `{"a":{"totalMonthlyCost":1}}`: APlan,
		`{"format_version":"1.2","version":"0.2"}`:                           APlan,
		`{"version":4,"terraform_version":"1.11.4"}`:                         APlan,
		`{"version":"0.2"}`:                                                  AForeigner,
		`{"currency":"USD","diffTotalHourlyCost":null,"version":"0.2"}`:      AForeigner,
		`{"commit":"","currency":"USD","headline":"x","schema_version":"1"}`: AReport,
	} {
		if got := SniffReader(strings.NewReader(text)); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

func FuzzSniff(f *testing.F) {
	f.Add([]byte(`{"version":"0.2"`))
	f.Add([]byte("note: a line of a wrapper\n{\"format_version\":\"1.2\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if kind := SniffReader(strings.NewReader(string(data))); kind > AForeigner {
			t.Errorf("kind %d", kind)
		}
	})
}
