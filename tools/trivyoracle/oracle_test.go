// Package trivyoracle compares the evaluation of Terraform source with trivy's, which is a second opinion beside the
// terraform program. It is a module of its own, so that nothing of trivy is linked or downloaded for anything else.
package trivyoracle

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aquasecurity/trivy/pkg/iac/scanners/terraform/parser"
	"github.com/google/go-cmp/cmp"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/org/platform-action/internal/terraform"
)

const unknown = "(not known to trivy)"

// TestTrivy compares each root of the oracle's folders: the addresses, and every value that we know and may show. Trivy
// makes values up for what only an apply knows, so that those are not compared.
func TestTrivy(t *testing.T) {
	folders, err := filepath.Glob("../../internal/terraform/testdata/oracle/*")
	if err != nil || len(folders) < 2 {
		t.Fatal(folders, err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			theirs := trivy(t, folder)
			p, err := terraform.Evaluate(t.Context(), os.DirFS(folder), ".", terraform.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			ours := map[string]any{}
			for _, r := range p.Resources {
				if string(r.Unknown) != "{}" || strings.Contains(string(r.After), "(sensitive value)") {
					delete(theirs, r.Address)
					continue
				}
				var after map[string]any
				if err := json.Unmarshal(r.After, &after); err != nil {
					t.Fatal(err)
				}
				ours[r.Address] = after["input"]
			}
			for address, v := range theirs {
				if v == unknown {
					delete(theirs, address)
					delete(ours, address)
				}
			}
			if len(ours) < 5 {
				t.Errorf("only %d resources are compared", len(ours))
			}
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("-trivy +ours:\n%s", diff)
			}
		})
	}
}

func trivy(t *testing.T, folder string) map[string]any {
	t.Helper()
	p := parser.New(os.DirFS(folder), "", parser.OptionStopOnHCLError(true))
	if err := p.ParseFS(context.Background(), "."); err != nil {
		t.Fatal(err)
	}
	modules, err := p.EvaluateAll(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	for _, m := range modules {
		for _, b := range m.GetBlocks() {
			if b.Type() != "resource" {
				continue
			}
			a := b.GetAttribute("input")
			if a == nil {
				continue
			}
			text, err := ctyjson.SimpleJSONValue{Value: a.Value()}.MarshalJSON()
			if err != nil {
				out[b.FullName()] = unknown
				continue
			}
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			out[b.FullName()] = v
		}
	}
	return out
}
