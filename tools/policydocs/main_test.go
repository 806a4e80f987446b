package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/policies.md")

func TestDocsAreCurrent(t *testing.T) {
	const path = "../../docs/policies.md"
	var got bytes.Buffer
	if err := write(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("docs/policies.md is out of date; run `go run ./tools/policydocs > docs/policies.md`\n%s", diff)
	}
}
