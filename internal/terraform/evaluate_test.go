package terraform_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/terraform"
)

// TestEvaluate evaluates every testdata/evaluate/*.txtar: the files of a repository whose root module is in root, and
// want, what follows from them. A file base/… beside it is what it is compared with.
func TestEvaluate(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/evaluate/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tree, want := fstest.MapFS{}, ""
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			got := evaluated(t, tree)
			if *update {
				setFile(a, "want", got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got; -update writes it anew\n%s", diff)
			}
		})
	}
}

func setFile(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

func evaluated(t *testing.T, tree fstest.MapFS) string {
	t.Helper()
	settings := terraform.Settings{
		Variables: map[string]string{}, Environ: func(name string) string { return map[string]string{"TF_VAR_from_env": "env"}[name] },
	}
	if _, ok := tree["root/extra.tfvars"]; ok {
		settings.VarFiles = []string{"root/extra.tfvars"}
	}
	p, err := terraform.Evaluate(t.Context(), tree, "root", settings)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	if _, err := fs.Stat(tree, "base"); err == nil {
		base, err := terraform.Evaluate(t.Context(), tree, "base", settings)
		if err != nil {
			return "error: " + err.Error() + "\n"
		}
		p = terraform.Changes(base, p)
	}
	return dump(p)
}

func dump(p fact.Plan) string {
	var b strings.Builder
	for _, r := range p.Resources {
		fmt.Fprintf(&b, "%s %s (%s:%d, %s)\n", r.Action, r.Address, r.File, r.Line, r.ProviderKey)
		if r.PreviousAddress != "" || r.Importing {
			fmt.Fprintf(&b, "  from %q importing %t\n", r.PreviousAddress, r.Importing)
		}
		if r.Uncounted != "" {
			fmt.Fprintf(&b, "  uncounted: %s\n", r.Uncounted)
		}
		fmt.Fprintf(&b, "  %s\n", r.After)
		if u := string(r.Unknown); u != "{}" && u != "" {
			fmt.Fprintf(&b, "  unknown %s\n", u)
		}
		if r.Config != nil {
			whys(&b, "", r.Config.Attributes)
		}
	}
	for _, k := range []string{"aws", "aws.west", "module.own:aws", "google", "azurerm"} {
		if q, ok := p.Providers[k]; ok {
			fmt.Fprintf(&b, "provider %s: region %q (%s) tags %v unknown %t version %q source %s\n", k, q.Region, q.RegionFrom, q.DefaultTags, q.TagsUnknown, q.Version, q.Source)
		}
	}
	for _, m := range p.Modules {
		fmt.Fprintf(&b, "module %s: %q %q\n", m.Address, m.Source, m.Version)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "note %s: %s\n", n.Where, n.Message)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(&b, "fault %s: %s\n", f.Where, f.Message)
	}
	return b.String()
}

func whys(b *strings.Builder, at string, config map[string]fact.Expression) {
	for _, name := range sortedNames(config) {
		x := config[name]
		if x.Why != "" {
			fmt.Fprintf(b, "  why %s%s: %s\n", at, name, x.Why)
		}
		for i, block := range x.Blocks {
			whys(b, fmt.Sprintf("%s%s[%d].", at, name, i), block)
		}
	}
}

func sortedNames(m map[string]fact.Expression) []string {
	var names []string
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// hostileRoots are sources that must end soon, with something said.
func hostileRoots() map[string]string {
	return map[string]string{
		"doubling":   "locals {\n a0 = \"xxxxxxxxxxxxxxxx\"\n" + repeat(40, func(i int) string { return fmt.Sprintf(" a%d = \"${local.a%d}${local.a%d}\"\n", i+1, i, i) }) + "}\nresource terraform_data x { input = local.a40 }\n",
		"chain":      "locals {\n a0 = 1\n" + repeat(5000, func(i int) string { return fmt.Sprintf(" a%d = local.a%d\n", i+1, i) }) + "}\nresource terraform_data x { input = local.a5000 }\n",
		"circle":     "locals {\n a = local.b\n b = local.a\n}\nresource terraform_data x { input = local.a }\n",
		"itself":     "module a { source = \"./\" }\n",
		"brackets":   "locals { a = " + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + " }\n",
		"bangs":      "locals { a = " + strings.Repeat("!", 100000) + "true }\n",
		"conditions": "locals { a = " + strings.Repeat("true ? 1 : ", 100000) + "1 }\n",
		"heredoc":    "locals { a = <<E\n" + strings.Repeat("x\n", 100000) + "E\n}\n",
		"open":       "locals { a = <<E\n" + strings.Repeat("x\n", 100000),
		"many":       "resource terraform_data x { count = 1000000 }\n",
		"each":       "resource terraform_data x { for_each = toset([for i in range(1024) : tostring(i)]) }\n",
		"passwd":     "resource terraform_data x { input = [file(\"/etc/passwd\"), fileexists(\"../../etc/passwd\"), file(\"../../../etc/passwd\")] }\n",
		"regex":      "resource terraform_data x { input = regex(\"(a+)+$\", \"" + strings.Repeat("a", 2000) + "b\") }\n",
		"json":       "resource terraform_data x { input = jsondecode(\"" + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\") }\n",
		"format":     "resource terraform_data x { input = format(\"%999999999s\", \"x\") }\n",
		"bytes":      "\x00\xff\xfe{",
		"commands":   "resource terraform_data \"::error::x\" { input = \"##[error]\" }\n",
		"count self": "resource terraform_data x { count = length(terraform_data.x) }\n",
	}
}

func repeat(n int, of func(int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(of(i))
	}
	return b.String()
}

func TestHostileRoots(t *testing.T) {
	t.Parallel()
	for name, text := range hostileRoots() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := terraform.Evaluate(t.Context(), fstest.MapFS{"root/main.tf": {Data: []byte(text)}}, "root", terraform.Settings{})
			if err != nil {
				return
			}
			for _, r := range p.Resources {
				if bytes.Contains(r.After, []byte("root:x:")) || len(r.After) > 4<<20 {
					t.Errorf("%s: %d bytes: %.200s", r.Address, len(r.After), r.After)
				}
			}
		})
	}
}

// TestTimeLimit holds that an evaluation that takes too long ends with the context.
func TestTimeLimit(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := terraform.Evaluate(ctx, fstest.MapFS{"main.tf": {Data: []byte("resource terraform_data x {}\n")}}, ".", terraform.Settings{})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// FuzzEvaluate asserts that no source makes the evaluator panic, and that it says the same twice.
func FuzzEvaluate(f *testing.F) {
	files, err := filepath.Glob("testdata/evaluate/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, one := range a.Files {
			if one.Name != "want" {
				f.Add(one.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 {
			return
		}
		for _, name := range []string{"main.tf", "main.tf.json"} {
			tree := fstest.MapFS{name: {Data: text}}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			p, err := terraform.Evaluate(ctx, tree, ".", terraform.Settings{})
			if len(p.Resources) > 200 { // large plans teach nothing more and take their time
				cancel()
				continue
			}
			again, err2 := terraform.Evaluate(ctx, tree, ".", terraform.Settings{})
			cancel()
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err2, context.DeadlineExceeded) {
				t.Fatal("a source of this size takes too long")
			}
			if err != nil && strings.Contains(err.Error(), "breaks the evaluation") {
				t.Fatal(err)
			}
			if (err == nil) != (err2 == nil) || dump(p) != dump(again) {
				t.Fatalf("%v, %v\n%s\n%s", err, err2, dump(p), dump(again))
			}
		}
	})
}

// BenchmarkEvaluate evaluates a root of 500 resources with modules, for_each and locals.
func BenchmarkEvaluate(b *testing.B) {
	var root strings.Builder
	root.WriteString("variable env { default = \"prod\" }\nlocals {\n tags = { env = var.env, team = \"shop\" }\n sizes = { a = \"m5.large\", b = \"m5.xlarge\" }\n}\nprovider aws { region = \"eu-west-1\" }\n")
	for i := range 100 {
		fmt.Fprintf(&root, "resource aws_instance r%d {\n instance_type = local.sizes[%q]\n tags = merge(local.tags, { Name = \"r%d\" })\n root_block_device {\n  volume_size = %d\n }\n}\n", i, []string{"a", "b"}[i%2], i, 10+i)
	}
	for i := range 20 {
		fmt.Fprintf(&root, "module m%d {\n source = \"./m\"\n names = [for n in range(10) : format(\"n%%02d\", n)]\n tags = local.tags\n}\n", i)
	}
	tree := fstest.MapFS{
		"main.tf":   {Data: []byte(root.String())},
		"m/main.tf": {Data: []byte("variable names { type = list(string) }\nvariable tags { type = map(string) }\nresource aws_ebs_volume v {\n for_each = toset(var.names)\n size = 10 * length(var.names)\n type = \"gp3\"\n availability_zone = \"eu-west-1a\"\n tags = var.tags\n}\nresource aws_sqs_queue q {\n for_each = toset(var.names)\n name = each.key\n}\n")},
	}
	b.ReportAllocs()
	for b.Loop() {
		p, err := terraform.Evaluate(b.Context(), tree, ".", terraform.Settings{})
		if err != nil || len(p.Resources) != 500 || len(p.Faults) > 0 {
			b.Fatal(len(p.Resources), p.Faults, err)
		}
	}
}
