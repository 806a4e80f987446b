package main

import (
	"bytes"
	"os"
	"testing"
)

// TestPageIsCurrent holds that docs/supported-resources.md is what the catalogue says.
func TestPageIsCurrent(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/supported-resources.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docs/supported-resources.md is not what the catalogue says: run make generate")
	}
}
