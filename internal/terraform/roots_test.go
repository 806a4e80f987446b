package terraform_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/terraform"
)

func TestRoots(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"infra/prod/main.tf":               "module \"a\" { source = \"../../modules/a\" }\n",
		"infra/prod/templates/user.sh":     "",
		"infra/prod/terraform.tfvars":      "",
		"infra/stage/main.tf":              "module \"b\" { source = \"./b\" }\n",
		"infra/stage/b/main.tf.json":       "{}",
		"modules/a/main.tf":                "module \"deep\" { source = \"../deep\" }\n",
		"modules/deep/x.tofu":              "",
		"modules/unused/main.tf":           "",
		"infra/.terraform/modules/x/y.tf":  "",
		"web/node_modules/pkg/main.tf":     "",
		"README.md":                        "",
		"live/terragrunt.hcl":              "inputs = {}\n",
		"live/a/terragrunt.hcl":            "include \"r\" { path = find_in_parent_folders() }\nterraform { source = \"../../modules/a\" }\n",
		"live/b/terragrunt.hcl":            "include \"r\" { path = find_in_parent_folders() }\nterraform { source = \"git::https://example.com/x.git\" }\n",
		"other/main.tf":                    "module \"r\" { source = \"hashicorp/x/aws\" }\n",
		"self/main.tf":                     "module \"s\" { source = \"./\" }\n",
		"outside/main.tf":                  "module \"o\" { source = \"../../..\" }\n",
		"infra/stage/b/files/deep/data.md": "",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	roots, faults, err := terraform.Roots(t.Context(), tree)
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	var got []string
	for _, r := range roots {
		got = append(got, r.Path+": "+strings.Join(r.Folders, " "))
	}
	if diff := cmp.Diff([]string{
		"infra/prod: infra/prod modules/a modules/deep", "infra/stage: infra/stage infra/stage/b",
		"live/a: live live/a modules/a modules/deep", "live/b: live live/b", "other: other", "outside: outside", "self: self",
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for files, want := range map[string]string{
		"README.md": "", "infra/prod/main.tf": "infra/prod", "infra/prod/terraform.tfvars": "infra/prod", "infra/prod/templates/user.sh": "infra/prod",
		"modules/deep/x.tofu": "infra/prod live/a", "live/terragrunt.hcl": "live/a live/b", "live/b/terragrunt.hcl": "live/b", "infra/stage/b/files/deep/data.md": "infra/stage", "modules/unused/main.tf": "",
		"infra/prod/gone.tf other/main.tf": "infra/prod other", "": "", "infra/new/x.md": "",
	} {
		var touched []string
		for _, r := range terraform.Touched(roots, strings.Fields(files), none) {
			touched = append(touched, r.Path)
		}
		if got := strings.Join(touched, " "); got != want {
			t.Errorf("%q touches %q, want %q", files, got, want)
		}
	}
}

// BenchmarkRoots finds 200 roots that share modules.
func BenchmarkRoots(b *testing.B) {
	tree := fstest.MapFS{}
	for i := range 200 {
		tree[fmt.Sprintf("roots/r%03d/main.tf", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "module \"m\" { source = \"../../modules/m%d\" }\n", i%20)}
		tree[fmt.Sprintf("modules/m%d/main.tf", i%20)] = &fstest.MapFile{Data: []byte("resource \"aws_sqs_queue\" \"q\" {}\n")}
	}
	for b.Loop() {
		roots, _, err := terraform.Roots(b.Context(), tree)
		if err != nil || len(roots) != 200 {
			b.Fatal(len(roots), err)
		}
	}
}

func none(terraform.Root) terraform.Reads { return terraform.Reads{} }
