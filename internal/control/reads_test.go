package control_test

import (
	"maps"
	"testing"
	"testing/fstest"

	"github.com/org/platform-action/internal/control"
)

// beside is a repository whose root takes the size of its instance from a file elsewhere.
func beside(size string, more map[string]string) fstest.MapFS {
	out := rooted("t3.micro", "")
	out["infra/main.tf"] = &fstest.MapFile{Data: []byte("provider \"aws\" {\n  region = \"eu-west-1\"\n}\nresource \"aws_instance\" \"web\" {\n  ami = \"ami-1\"\n" +
		"  instance_type = nonsensitive(jsondecode(file(\"${path.module}/../shared/sizes.json\")).web)\n  tags = { owner = \"a\", \"cost-center\" = \"b\" }\n" +
		"  metadata_options {\n    http_tokens = \"required\"\n  }\n  root_block_device {\n    encrypted = true\n    volume_type = \"gp3\"\n    volume_size = 20\n  }\n}\n")}
	out["shared/sizes.json"] = &fstest.MapFile{Data: []byte(`{"web": "` + size + `"}`)}
	for name, text := range more {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// TestReadElsewhere: a change of a file that a root reads beside its folder is judged, and one of any other file is not.
func TestReadElsewhere(t *testing.T) {
	t.Parallel()
	b := newBench(t, beside("t3.micro", nil))
	b.open(t, 1, "h", beside("m5.4xlarge", nil))
	b.evaluate(t, "h")
	if len(b.comments) != 1 || len(b.checks) != 1 || b.writes != 3 {
		t.Errorf("%d writes, comments %q, checks %+v", b.writes, b.comments, b.checks)
	}
	b = newBench(t, beside("t3.micro", nil))
	b.open(t, 1, "h", beside("t3.micro", map[string]string{"shared/other.json": "{}"}))
	b.evaluate(t, "h")
	if len(b.comments) != 0 || b.writes != 1 {
		t.Errorf("%d writes, comments %q", b.writes, b.comments)
	}
}

// TestReadsFollowTheBranch: what is read is found again when anything that it follows from changes, and not when nothing
// does.
func TestReadsFollowTheBranch(t *testing.T) {
	t.Parallel()
	b := newBench(t, beside("t3.micro", nil))
	move := func(commit string, files fstest.MapFS) (reads int) {
		b.commits[commit], b.tip = files, commit
		before := b.reads
		b.handle(t, control.Task{Kind: control.ReadBranch})
		return b.reads - before
	}
	first := move("m", b.commits["m"])
	same := move("m2", beside("t3.micro", map[string]string{"README.md": "# other\n"}))
	if same >= first {
		t.Errorf("%d reads for a change of text, %d at first: the source was read again", same, first)
	}
	listed := beside("t3.micro", map[string]string{
		"infra/list.tf": "locals {\n  all = [for f in jsondecode(file(\"list.json\")) : file(f)]\n}\n", "infra/list.json": `["../a.json"]`,
	})
	move("m3", listed)
	other := maps.Clone(listed)
	other["infra/list.json"] = &fstest.MapFile{Data: []byte(`["../b.json"]`)}
	move("m4", other) // no source has changed, and another file is read
	head := maps.Clone(other)
	head["b.json"] = &fstest.MapFile{Data: []byte("{}")}
	b.open(t, 1, "h", head)
	b.evaluate(t, "h")
	if b.writes < 2 {
		t.Errorf("a file that is read since the branch moved touches nothing: %+v", b.checks)
	}
}

// TestReadsThatAreNotKnown: every change is looked at then.
func TestReadsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	unknown := map[string]string{"infra/more.tf": "variable \"path\" {}\nlocals {\n  a = file(var.path)\n}\n"}
	b := newBench(t, beside("t3.micro", unknown))
	head := beside("t3.micro", unknown)
	head["README.md"] = &fstest.MapFile{Data: []byte("# other\n")}
	b.open(t, 1, "h", head)
	b.evaluate(t, "h")
	if b.writes < 2 || b.checks[0].Conclusion != control.Succeeded {
		t.Errorf("%d writes, checks %+v", b.writes, b.checks)
	}
}
