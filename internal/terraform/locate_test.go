package terraform_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/terraform"
)

var update = flag.Bool("update", false, "write the golden sections anew")

// TestCases runs every testdata/cases/*.txtar: a tree, the folder in the first line of the comment, and addresses in;
// positions and faults out.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := locate(a)
			at := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
			if at < 0 {
				t.Fatal("the case has no want section")
			}
			if *update {
				a.Files[at].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[at].Data), got); diff != "" {
				t.Error("-want +got, -update writes it anew:\n" + diff)
			}
		})
	}
}

// tree is the case's files; a name that ends in .quoted is one Go-quoted line, for bytes that an editor would hide.
func tree(a *txtar.Archive) (fs fstest.MapFS, addresses []string) {
	fs = fstest.MapFS{}
	for _, f := range a.Files {
		switch name, quoted := strings.CutSuffix(f.Name, ".quoted"); {
		case f.Name == "want":
		case f.Name == "addresses":
			addresses = strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n")
		case quoted:
			s, err := strconv.Unquote(strings.TrimSuffix(string(f.Data), "\n"))
			if err != nil {
				panic(f.Name + " is no quoted line") // of a case of ours
			}
			fs[name] = &fstest.MapFile{Data: []byte(s)}
		default:
			fs[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fs, addresses
}

func locate(a *txtar.Archive) string {
	fsys, addresses := tree(a)
	dir, _, _ := strings.Cut(string(a.Comment), "\n")
	found, faults, err := terraform.Locate(fsys, dir, addresses)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return show(found, faults, addresses)
}

func show(found map[string]terraform.Position, faults []fact.Fault, addresses []string) string {
	var b strings.Builder
	for _, address := range addresses {
		if at, ok := found[address]; ok {
			fmt.Fprintf(&b, "%s %s:%d\n", address, at.File, at.Line)
		} else {
			fmt.Fprintf(&b, "%s unknown\n", address)
		}
	}
	for _, f := range faults {
		fmt.Fprintf(&b, "fault: %s: %s (%s)\n", f.Where, f.Message, f.Fix)
	}
	return b.String()
}

func messages(faults []fact.Fault) string {
	var lines []string
	for _, f := range faults {
		lines = append(lines, f.Where+": "+f.Message)
	}
	return strings.Join(lines, "\n")
}

// TestSymlinks: a link to a file, a folder, itself and the outside is told and not followed.
func TestSymlinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write := func(name, data string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "main.tf"), "resource \"a\" \"secret\" {}\n")
	write(filepath.Join(dir, "main.tf"), "module \"out\" {\n  source = \"./out\"\n}\nmodule \"through\" {\n  source = \"./loop/loop/loop\"\n}\nresource \"a\" \"here\" {}\n")
	link(outside, "out")
	link(".", "loop")
	link(filepath.Join(outside, "main.tf"), "linked.tf")
	link("self.tf", "self.tf")
	if err := os.Mkdir(filepath.Join(dir, "folder.tf"), 0o755); err != nil {
		t.Fatal(err)
	}
	found, faults, err := terraform.Locate(os.DirFS(dir), ".", []string{"a.here", "a.secret", "module.out.a.secret", "module.through.a.here"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]terraform.Position{"a.here": {File: "main.tf", Line: 7}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
	for _, part := range []string{"linked.tf: ", "self.tf: ", "main.tf:1: ", "main.tf:4: "} {
		if !strings.Contains(messages(faults), part) {
			t.Errorf("no fault at %s in\n%s", part, messages(faults))
		}
	}
	if _, _, err := terraform.Locate(os.DirFS(dir), "out", nil); err == nil {
		t.Error("a folder that is a link was read")
	}
}

// TestErrors: a folder that cannot be read is an error, not an empty answer.
func TestErrors(t *testing.T) {
	for _, dir := range []string{"absent", "../x", "/etc", "main.tf"} {
		if _, _, err := terraform.Locate(fstest.MapFS{"main.tf": {}}, dir, []string{"a.b"}); err == nil {
			t.Errorf("%q gives no error", dir)
		}
	}
	if _, _, err := terraform.Locate(fstest.MapFS{"main.tf": {}}, "", nil); err != nil {
		t.Error("the empty folder is not the root:", err)
	}
}

// TestHostile: files made to overflow the stack or to run for ever end in a fault.
func TestHostile(t *testing.T) {
	const n = 300_000
	r := strings.Repeat
	for name, tc := range map[string]struct {
		file string
		data string
		want string // in the faults; empty: no fault
	}{
		"brackets":    {"a.tf", "x = " + r("[", n), "not closed"},
		"hidden":      {"a.tf", "x = " + r("[ # ]\n", n), "not closed"},
		"braces":      {"a.tf", r("a {\n", n), "a block is not closed"},
		"minus":       {"a.tf", "x = " + r("-", n) + "1\n", ""},
		"conditional": {"a.tf", "x = " + r("a ? b : ", n) + "c\n", ""},
		"templates":   {"a.tf", "x = " + r("\"${", n), "not closed"},
		"calls":       {"a.tf", "x = " + r("f(1, ", n) + r(")", n), ""},
		"closers":     {"a.tf", "x = " + r("]", n), "does not match"},
		"heredoc":     {"a.tf", "x = <<E\n" + r("text\n", n) + "E\n", ""},
		"heredocs":    {"a.tf", r("x = <<E\n", n), "not closed"},
		"many errors": {"a.tf", r("resource \"a\" {{\n", n), "from line 1 on are not looked for"},
		"labels":      {"a.tf", r("\"a\" ", n), "an argument or a block is due"},
		"more labels": {"a.tf", "a " + r("\"a\" ", n) + "{}\n", ""},
		"quotes":      {"a.tf", "x = " + r("\"", n+1) + "\n", "syntax error"},
		"bad bytes":   {"a.tf", "x = " + r("\xff", n), "out of place"},
		"large":       {"a.tf", r("#", 8<<20+1), "more than 8388608 bytes"},
		"json":        {"a.tf.json", r("[", n), "not valid JSON"},
		"json deep":   {"a.tf.json", `{"resource":` + r(`{"a":`, n), "not valid JSON"},
		"json line":   {"a.tf.json", `{"resource":{"a":{` + r(`"b":{},`, n) + `"c":{}}}}`, ""},
		"json tail":   {"a.tf.json", `{} {}`, "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{tc.file: {Data: []byte(tc.data)}, "good.tf": {Data: []byte("resource \"a\" \"good\" {}\n")}}
			found, faults, err := terraform.Locate(fsys, ".", []string{"a.good"})
			if err != nil {
				t.Fatal(err)
			}
			if found["a.good"].Line != 1 {
				t.Error("the other file's block is lost")
			}
			if got := messages(faults); !strings.Contains(got, tc.want) || (tc.want == "") != (got == "") || len(got) > 2000 {
				t.Errorf("faults %.500q, want %q", got, tc.want)
			}
		})
	}
}

// TestMany: ten thousand resources and addresses are all found, whatever the order.
func TestMany(t *testing.T) {
	fsys, addresses := many(10, 1000)
	found, faults, err := terraform.Locate(fsys, ".", addresses)
	if err != nil || len(faults) > 0 || len(found) != 10_000 {
		t.Fatalf("%d found, %v, %v", len(found), faults, err)
	}
	slices.Reverse(addresses)
	again, _, err := terraform.Locate(fsys, ".", addresses)
	if err != nil || !maps.Equal(found, again) {
		t.Error("the order of the addresses changes the answer", err)
	}
}

// TestBounds: too many files, and modules too deep, are told.
func TestBounds(t *testing.T) {
	fsys := fstest.MapFS{"main.tf": {Data: []byte("module \"a\" {\n  source = \"./\"\n}\nresource \"a\" \"b\" {}\n")}}
	deep := strings.Repeat("module.a.", 65) + "a.b"
	reachable := strings.Repeat("module.a.", 64) + "a.b"
	found, faults, err := terraform.Locate(fsys, ".", []string{deep, reachable, strings.Repeat("module.a.", 100_000) + "a.b"})
	if err != nil || len(found) != 1 || found[reachable].Line != 4 || !strings.Contains(messages(faults), "more than 64 modules") {
		t.Errorf("%d found, %v, %v", len(found), messages(faults), err)
	}
	for i := range 10_001 {
		fsys[fmt.Sprintf("f%05d.tf", i)] = &fstest.MapFile{Data: []byte("\n")}
	}
	if _, faults, err = terraform.Locate(fsys, ".", nil); err != nil || !strings.Contains(messages(faults), "has 10002 source files") {
		t.Error(messages(faults), err)
	}
	broken := fstest.MapFS{}
	for i := range 300 {
		broken[fmt.Sprintf("f%d.tf", i)] = &fstest.MapFile{Data: []byte("resource {{{\n")}
	}
	if _, faults, err = terraform.Locate(broken, ".", nil); err != nil || len(faults) != 101 || !strings.Contains(messages(faults), "200 further parts") {
		t.Errorf("%d faults, %v", len(faults), err)
	}
}

// many makes files with resources of the usual size.
func many(files, each int) (fstest.MapFS, []string) {
	fsys := fstest.MapFS{}
	var addresses []string
	for i := range files {
		var b bytes.Buffer
		for j := range each {
			fmt.Fprintf(&b, `resource "aws_instance" "r%d_%d" {
  ami           = var.ami
  instance_type = var.large ? "m5.large" : "t3.micro"
  subnet_id     = module.vpc.private_subnets[%d]

  root_block_device {
    volume_size = 20 + -1
    encrypted   = !var.plain
  }

  tags = merge(local.tags, {
    Name = "${var.name}-%d"
  })
}

`, i, j, j, j)
			addresses = append(addresses, fmt.Sprintf("aws_instance.r%d_%d[0]", i, j))
		}
		fsys[fmt.Sprintf("f%d.tf", i)] = &fstest.MapFile{Data: b.Bytes()}
	}
	return fsys, addresses
}

func FuzzLocate(f *testing.F) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		fsys, addresses := tree(a)
		for name, file := range fsys {
			f.Add(strings.HasSuffix(name, ".json"), file.Data, strings.Join(addresses, "\n"))
		}
	}
	f.Fuzz(func(t *testing.T, isJSON bool, data []byte, addresses string) {
		name := "dir/x.tf"
		if isJSON {
			name = "dir/x.tf.json"
		}
		fsys := fstest.MapFS{name: {Data: data}, "dir/.terraform/modules/modules.json": {Data: data}, "dir/good.tf": {Data: []byte("\nresource \"zz\" \"good\" {}\n")}}
		found, faults, err := terraform.Locate(fsys, "dir", append(strings.Split(addresses, "\n"), "zz.good"))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := found["zz.good"]; !ok {
			t.Error("the good file is lost")
		}
		for address, at := range found {
			lines := 2
			if at.File == name {
				lines = bytes.Count(data, []byte("\n")) + 1
			}
			if at.File != name && at.File != "dir/good.tf" || at.Line < 1 || at.Line > lines {
				t.Errorf("%q at %+v", address, at)
			}
		}
		for _, fault := range faults {
			if fault.Where == "" || fault.Message == "" {
				t.Errorf("%+v", fault)
			}
		}
	})
}

func BenchmarkLocate(b *testing.B) {
	for _, size := range []struct{ files, each int }{{500, 4}, {10, 1000}} {
		fsys, addresses := many(size.files, size.each)
		b.Run(fmt.Sprintf("files=%d/resources=%d", size.files, size.files*size.each), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if found, _, err := terraform.Locate(fsys, ".", addresses); err != nil || len(found) != len(addresses) {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
