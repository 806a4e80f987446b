package terraform_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/terraform"
)

// TestOutside names what source may read beside its folder, and the roots that a change of it touches.
func TestOutside(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`locals { a = jsondecode(file("${path.module}/../shared/app.json")) }`:             {"infra/shared/app.json"},
		`locals { a = file("../../top.txt") }`:                                             {"top.txt"},
		`locals { a = templatefile("${path.root}/../t/${var.env}/x.tpl", {}) }`:            {"infra/t"},
		`locals { a = fileset("${path.module}/../sites/", "*.yaml") }`:                     {"infra/sites"},
		`locals { a = file(format("%s/../x.json", path.module)) }`:                         {"infra/x.json"},
		`locals { a = file("${dirname(path.module)}/x.json") }`:                            {"."},
		`locals { a = file("${path.module}/inside.json") }`:                                nil,
		`locals { a = file("../../../beyond") }`:                                           nil,
		`locals { a = "quoted \" text" }` + "\n" + `locals { b = file("../${var.name}") }`: {"infra"},
	} {
		fsys := fstest.MapFS{"infra/prod/main.tf": {Data: []byte(text)}}
		if diff := cmp.Diff(want, terraform.Outside(fsys, []string{"infra/prod"})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// TestTouchedFromOutside is a regression test: a file that a root reads beside its folder once changed nothing.
func TestTouchedFromOutside(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"infra/prod/main.tf":    {Data: []byte(`locals { a = file("../shared/app.json") }`)},
		"infra/staging/main.tf": {Data: []byte(`locals { a = 1 }`)},
		"infra/shared/app.json": {Data: []byte(`{}`)},
	}
	roots, _, err := terraform.Roots(t.Context(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]string{
		"infra/shared/app.json": {"infra/prod"}, "infra/shared/other.json": nil, "README.md": nil, "infra/staging/x.json": {"infra/staging"},
	} {
		var got []string
		for _, r := range terraform.Touched(roots, []string{file}) {
			got = append(got, r.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}
