package terraform_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/terraform"
)

// TestOracle compares the evaluation of every folder of testdata/oracle with the plan that terraform itself makes of
// it. The folders use terraform_data only, which needs no provider and no network.
func TestOracle(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("terraform is not on the PATH: the evaluation of source is NOT compared with it here")
	}
	folders, err := filepath.Glob("testdata/oracle/*")
	if err != nil || len(folders) < 2 {
		t.Fatal(folders, err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			got, err := terraform.Evaluate(t.Context(), os.DirFS(dir), ".", terraform.Settings{})
			if err != nil || len(got.Faults) > 0 {
				t.Fatal(err, got.Faults)
			}
			want, err := plan.Read("plan.json", bytes.NewReader(planned(t, program, dir)), plan.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			theirs, ours := map[string]any{}, map[string]any{}
			for _, r := range want.Resources {
				theirs[r.Address] = input(t, r.After, r.Unknown)
			}
			for _, r := range got.Resources {
				ours[r.Address] = input(t, r.After, r.Unknown)
			}
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("-terraform +ours:\n%s", diff)
			}
		})
	}
}

func planned(t *testing.T, program, dir string) []byte {
	t.Helper()
	var out []byte
	for _, args := range [][]string{{"init", "-input=false", "-no-color"}, {"plan", "-input=false", "-no-color", "-out=plan.out"}, {"show", "-json", "plan.out"}} {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
		var err error
		if out, err = cmd.Output(); err != nil {
			t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return out
}

// input is the attribute that terraform_data has, and what of it is not known.
func input(t *testing.T, after, unknown []byte) any {
	t.Helper()
	var values, masks map[string]any
	decode := func(text []byte, into *map[string]any) {
		if len(text) == 0 {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	decode(after, &values)
	decode(unknown, &masks)
	return map[string]any{"input": values["input"], "unknown": pruned(masks["input"])}
}

// pruned leaves only what a mask hides: terraform writes the shape of what is known too.
func pruned(mask any) any {
	switch m := mask.(type) {
	case bool:
		if m {
			return true
		}
	case map[string]any:
		out := map[string]any{}
		for k, v := range m {
			if p := pruned(v); p != nil {
				out[k] = p
			}
		}
		if len(out) > 0 {
			return out
		}
	case []any:
		out, any0 := make([]any, len(m)), false
		for i, v := range m {
			out[i] = pruned(v)
			any0 = any0 || out[i] != nil
		}
		if any0 {
			return out
		}
	}
	return nil
}
