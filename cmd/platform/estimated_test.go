package main

import (
	"strings"
	"testing"
)

// TestSniff tells files by their outermost members, in whatever order they stand.
func TestSniff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]kindOf{
		"": aPlan, "[]": aPlan, "{": aPlan, `{"a":{"totalMonthlyCost":1}}`: aPlan,
		`{"format_version":"1.2","version":"0.2"}`:                           aPlan,
		`{"version":4,"terraform_version":"1.11.4"}`:                         aPlan,
		`{"version":"0.2"}`:                                                  aForeigner,
		`{"currency":"USD","diffTotalHourlyCost":null,"version":"0.2"}`:      aForeigner,
		`{"commit":"","currency":"USD","headline":"x","schema_version":"1"}`: aReport,
	} {
		if got := sniffReader(strings.NewReader(text)); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

func FuzzSniff(f *testing.F) {
	f.Add([]byte(`{"version":"0.2"`))
	f.Add([]byte("note: a line of a wrapper\n{\"format_version\":\"1.2\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if kind := sniffReader(strings.NewReader(string(data))); kind > aForeigner {
			t.Errorf("kind %d", kind)
		}
	})
}
