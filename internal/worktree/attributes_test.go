package worktree

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// crlf is a repository with these .gitattributes and one file, of which the work tree has other content.
func crlf(t *testing.T, attributes, name, head, there string) checkout {
	t.Helper()
	c := checkout{t, t.TempDir()}
	c.git("init", "-q")
	c.write(".gitattributes", attributes)
	c.write(name, head)
	c.git("-c", "core.safecrlf=false", "add", ".")
	c.git("commit", "-qm", "one")
	c.write(name, there)
	return c
}

// TestConverted: a file is the commit's where git wrote it with other ends of lines, all of them, because the commit asks for
// it. git itself, without a configuration, writes nothing else so.
func TestConverted(t *testing.T) {
	t.Parallel()
	const lf, cr = "#!/bin/sh\nset -e\n./check\n./deploy\n", "#!/bin/sh\r\nset -e\r\n./check\r\n./deploy\r\n"
	for name, x := range map[string]struct {
		attributes, head, there string
		want                    string // same, changed, or an error: nobody can tell
	}{
		"asked for":                       {"* eol=crlf\n", lf, cr, "same"},
		"asked for, as text":              {"*.sh text eol=crlf\n", lf, cr, "same"},
		"asked for, if it is text":        {"* text=auto eol=crlf\n", lf, cr, "same"},
		"asked for, with CR":              {"# text\r\n\r\n*.sh text eol=crlf\r\n", lf, cr, "same"},
		"by its folder":                   {"in/** eol=crlf\n", lf, cr, "same"},
		"by any folder":                   {"**/deep/*.sh eol=crlf\n", lf, cr, "same"},
		"by its path":                     {"/in/deep/deploy.sh eol=crlf\n", lf, cr, "same"},
		"the last counts":                 {"* -text\n* text eol=crlf\n", lf, cr, "same"},
		"taken back":                      {"* text eol=crlf\n*.sh -text\n", lf, cr, "changed"},
		"binary by name":                  {"* eol=crlf\n*.sh binary\n", lf, cr, "changed"},
		"one line of a script":            {"* -text\n", lf, strings.Replace(lf, "check\n", "check\r\n", 1), "changed"},
		"one line, and asked for":         {"* eol=crlf\n", lf, strings.Replace(lf, "check\n", "check\r\n", 1), "changed"},
		"all but the last, and asked for": {"* eol=crlf\n", lf, strings.TrimSuffix(cr, "\r\n") + "\n", "changed"},
		"a program":                       {"* -text\n", "\x7fELF\x00\x01\x02\n\x00\xff", "\x7fELF\x00\x01\x02\r\n\x00\xff", "changed"},
		"a program, asked for":            {"* text=auto eol=crlf\n", "\x7fELF\x00\x01\x02\n\x00\xff", "\x7fELF\x00\x01\x02\r\n\x00\xff", "changed"},
		"like a program":                  {"* text=auto eol=crlf\n", "\x7fELF\x01\x02\n\xff", "\x7fELF\x01\x02\r\n\xff", "changed"},
		"not text":                        {"* -text\n", "a\nb\n", "a\r\nb\r\n", "changed"},
		"not text, one line":              {"* -text\n", "a\nb\n", "a\r\nb\n", "changed"},
		"LF":                              {"* text eol=lf\n", lf, cr, "changed"},
		"asked for of others":             {"*.bat eol=crlf\nother/** eol=crlf\nin/*.sh eol=crlf\ndeep/ eol=crlf\n", lf, cr, "unknown"},
		"nothing asked":                   {"", lf, cr, "unknown"},
		"text alone":                      {"* text=auto\n", lf, cr, "unknown"},
		"a pattern with more":             {"* eol=crlf\n*.s[h] -text\n", lf, cr, "unknown"},
		"an attribute of its own":         {"[attr]odd -text\n* eol=crlf\n*.sh odd\n", lf, cr, "unknown"},
		"a name with quotes":              {"* eol=crlf\n\"in/deep/deploy.sh\" -text\n", lf, cr, "unknown"},
		"as it was said once":             {"* eol=crlf\n*.sh -crlf\n", lf, cr, "unknown"},
		"behind a mark":                   {"\ufeff*.sh -text\n*.sh eol=crlf\n", lf, cr, "changed"},
	} {
		c := crlf(t, x.attributes, "in/deep/deploy.sh", x.head, x.there)
		s, err := Read(c.dir)
		got := "changed"
		switch {
		case err != nil && strings.Contains(err.Error(), "`platform gate decide`"):
			got = "unknown"
		case err == nil && s.Tree == c.tree():
			got = "same"
		case err != nil || len(s.Changed) == 0:
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if got != x.want {
			t.Errorf("%s: %s, want %s: %+v, %v", name, got, x.want, s, err)
		}
		c.must(os.Remove(filepath.Join(c.dir, "in/deep/deploy.sh")))
		c.git("checkout", "-q", "--", "in/deep/deploy.sh")
		if data, err := os.ReadFile(filepath.Join(c.dir, "in/deep/deploy.sh")); err != nil || (string(data) == x.there) != (x.want == "same") {
			t.Errorf("%s: git writes %q, %v", name, data, err)
		}
	}
}

// TestConvertedByOthers: attributes that are not the commit's ask for nothing, and may speak against it.
func TestConvertedByOthers(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c checkout){
		"not tracked":       func(c checkout) { c.write("in/.gitattributes", "* eol=crlf\n") },
		"of the repository": func(c checkout) { c.write(".git/info/attributes", "* -text\n"); c.attribute("* eol=crlf\n") },
		"left out": func(c checkout) {
			c.attribute("* eol=crlf\n")
			c.must(os.Remove(filepath.Join(c.dir, ".gitattributes")))
		},
		"edited":               func(c checkout) { c.attribute("* -text\n"); c.write(".gitattributes", "* eol=crlf\n") },
		"of another work tree": func(c checkout) { c.git("config", "core.autocrlf", "true") },
		"further in, and edited": func(c checkout) {
			c.write("in/.gitattributes", "* -text\n")
			c.attribute("* eol=crlf\n")
			c.write("in/.gitattributes", "* text\n")
		},
	} {
		c := crlf(t, "", "in/f", "a\n", "a\r\n")
		change(c)
		if s, err := Read(c.dir); err == nil && s.Tree != "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	c := crlf(t, "* -text\n", "in/f", "a\n", "a\r\n")
	c.write("in/.gitattributes", "f eol=crlf text\n")
	c.git("add", "in/.gitattributes")
	if s, err := Read(c.dir); err != nil || s.Tree != c.git("write-tree") {
		t.Errorf("further in: %+v, %v", s, err)
	}
}

// attribute has the commit's .gitattributes say this.
func (c checkout) attribute(text string) {
	c.t.Helper()
	c.write(".gitattributes", text)
	c.git("add", "*.gitattributes")
}

// TestSkipped: a file that is gone is none that a sparse checkout leaves out, where nobody asked for one.
func TestSkipped(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		config, own string
		want        bool
	}{
		"not asked for":            {"", "", false},
		"off":                      {"[core]\n\tsparseCheckout = false\n", "", false},
		"on":                       {"[core]\n\tsparseCheckout = true\n", "", true},
		"on, in another case":      {"[CORE] SPARSECHECKOUT\n", "", true},
		"on and off":               {"[core]\nsparsecheckout=1\n[core]\nsparsecheckout=0\n", "", false},
		"a comment":                {"[core]\n# sparseCheckout = true\n;sparseCheckout\n", "", false},
		"another section":          {"[core \"x\"]\n\tsparseCheckout = true\n[corex]\nsparseCheckout\n", "", false},
		"of the work tree":         {"[extensions]\n\tworktreeConfig = true\n", "[core]\n\tsparseCheckout = true\n", true},
		"off in the work tree":     {"[core]\nsparseCheckout = true\n[extensions]\nworktreeConfig = yes # so\n", "[core]\nsparseCheckout = false\n", false},
		"of the work tree, unread": {"", "[core]\n\tsparseCheckout = true\n", false},
	} {
		c := newCheckout(t)
		c.git("update-index", "--skip-worktree", "a", "a.b/c")
		c.must(os.RemoveAll(filepath.Join(c.dir, "a.b")))
		c.must(os.Remove(filepath.Join(c.dir, "a")))
		c.append(".git/config", x.config)
		c.append(".git/config.worktree", x.own)
		s, err := Read(c.dir)
		if err != nil || (s.Tree == c.tree()) != x.want || !x.want && strings.Join(s.Changed, " ") != "a a.b/c" {
			t.Errorf("%s: %+v, %v; want %t", name, s, err, x.want)
		}
		cmd := exec.CommandContext(t.Context(), "git", "config", "--type=bool", "--default=false", "--get", "core.sparseCheckout")
		cmd.Dir = c.dir
		if out, err := cmd.Output(); err != nil || strings.TrimSpace(string(out)) == "true" != x.want {
			t.Errorf("%s: git says %s, %v", name, out, err)
		}
	}
}

func (c checkout) append(name, text string) {
	c.t.Helper()
	old, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil && !os.IsNotExist(err) {
		c.t.Fatal(err)
	}
	c.write(name, string(old)+text)
}

// FuzzAttributes: whatever is told of attributes, git tells as well.
func FuzzAttributes(f *testing.F) {
	for _, text := range []string{
		"* eol=crlf\n", "*.bat text eol=crlf\n/a/** -text\n**/b !text eol=lf\n[attr]x\n", "a/**/b eol=crlf\n", "a* text=auto\r\n\tb eol=crlf !eol\n", "\"a b\" eol=crlf\n",
		"* binary text eol=crlf\n", "* text binary eol=crlf\n", "** eol=crlf\na/ -text\n",
	} {
		f.Add([]byte(text), "a/b")
		f.Add([]byte(text), "a/c/b")
	}
	dir := f.TempDir()
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(context.Background(), "git", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		out, err := cmd.Output()
		return string(out), err
	}
	if _, err := git("init", "-q"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = root.Close() }()
		if !fs.ValidPath(name) || strings.ContainsAny(name, "\x00") || path.Base(name) == ".gitattributes" || strings.Contains(strings.ToLower(name), ".git") {
			return
		}
		if err := os.WriteFile(filepath.Join(dir, ".gitattributes"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		told := newAttributes(root, filepath.Join(dir, ".git"), []entry{{name: ".gitattributes", id: blobOf(data)}}).ends(name, []byte("a\n"))
		out, err := git("check-attr", "-z", "text", "eol", "--", name)
		is := strings.Split(out, "\x00")
		if told == endsUnknown || err != nil || len(is) < 6 {
			return
		}
		text, eol := is[2], is[5]
		if want := text != "unset" && eol == "crlf"; (told == endsConverted) != want || !want && text != "unset" && eol != "lf" {
			t.Errorf("%q in %q: %d; git says text %s, eol %s", name, data, told, text, eol)
		}
	})
}
