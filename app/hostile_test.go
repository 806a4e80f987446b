package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// packed is an archive as GitHub makes it, of what git could hold and a test's repository cannot.
func packed(t *testing.T, files map[string]string, links ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: "top/" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range links {
		if err := w.WriteHeader(&tar.Header{Name: "top/" + name, Linkname: "elsewhere.txt", Typeflag: tar.TypeSymlink}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestSourceThatCannotBeTrusted: what a checkout would hold and we do not see leaves the outcome undecided, and is told.
func TestSourceThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, told string
		files      map[string]string
		links      []string
	}{
		{"a link in the place of source", "infra/extra.tf", nil, []string{"infra/extra.tf"}},
		{"names that differ by case", "not every checkout can tell apart", map[string]string{"infra/MAIN.tf": "# other\n"}, nil},
		{"a path that climbs", "no plain path", map[string]string{"../../etc/x.tf": "# other\n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubtest.Options{})
			_, r := w.shop("acme", nil)
			w.start()
			w.swept()
			files := map[string]string{"infra/main.tf": instance("t3.micro")}
			sha := r.Commit("odd", map[string]string{"infra/note.txt": "x\n"})
			maps.Copy(files, c.files)
			r.ServeArchive(sha, packed(t, files, c.links...))
			n := r.OpenPull("A change", "odd", "main", "writer")
			w.send(r.PullEvent("opened", n))
			run := w.check(r, sha)
			if run.Conclusion != "failure" || !strings.Contains(run.Output.Title, "ndecided") || !strings.Contains(run.Output.Summary, c.told) {
				t.Errorf("%s: %s\n%s", run.Conclusion, run.Output.Title, run.Output.Summary)
			}
		})
	}
}

// TestSourceIsMended: a fault of the base holds no change up that takes it away.
func TestSourceIsMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	r.ServeArchive(r.Head("main"), packed(t, map[string]string{"infra/main.tf": instance("t3.micro"), "infra/MAIN.tf": "# other\n"}))
	w.start()
	w.swept()
	_, _, run := w.propose(r, "mended", bigger("t3.small"))
	if run.Conclusion != "success" || !strings.Contains(run.Output.Summary, "base-unreadable") {
		t.Errorf("%s: %s\n%s", run.Conclusion, run.Output.Title, run.Output.Summary)
	}
}

// TestPoliciesThatCannotBeRead: a policy that was not read would allow everything.
func TestPoliciesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	i, r := w.shop("acme", nil)
	central := w.hub.AddRepository(i, ".github")
	const size = "# METADATA\n# title: Small servers\n# custom:\n#   id: ACME-001\n#   severity: block\n#   reads:\n#     aws_instance: [instance_type]\npackage acme.size\n\ndeny contains {\"address\": r.address, \"msg\": \"too large\"} if {\n\tsome r in input.resources.aws_instance\n\tr.judged\n\tr.after.instance_type != \"t3.micro\"\n}\n"
	central.Commit("main", map[string]string{"policies/size.rego": size})
	w.start()
	w.swept()
	n, _, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "failure")
	again := func(server, what, told string) {
		t.Helper()
		sha := r.Commit("bigger", bigger(server))
		w.send(r.PullEvent("synchronize", n))
		run := w.check(r, sha)
		if run.Conclusion != "failure" || !strings.Contains(run.Output.Summary, "ACME-001") || !strings.Contains(run.Output.Summary, told) {
			t.Errorf("%s: %s: %s\n%s", what, run.Conclusion, run.Output.Title, run.Output.Summary)
		}
	}
	w.send(pushed(central, map[string]string{"policies/size.rego": size + strings.Repeat("# "+strings.Repeat("x", 100)+"\n", 2000)}))
	w.settled()
	again("m5.xlarge", "a policy that is too large", "larger than 128 KiB")
	sha := central.Commit("main", map[string]string{"note.txt": "x"})
	central.ServeArchive(sha, packed(t, nil, "policies"))
	w.settled()
	again("m5.2xlarge", "a link in the place of policies", "symbolic link")
}

// TestConfigurationUnreadable: GitHub tells the size of a large file alone, and a link is none.
func TestConfigurationUnreadable(t *testing.T) {
	t.Parallel()
	for told, content := range map[string]string{
		"larger than 1 MiB": "version: 1\n# " + strings.Repeat("x", 1<<20) + "\n",
		"symbolic link":     githubtest.Link("../platform.yml"),
	} {
		t.Run(told, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubtest.Options{})
			_, r := w.shop("acme", map[string]string{".github/platform.yml": content})
			w.start()
			w.swept()
			_, _, run := w.propose(r, "bigger", bigger("m5.large"))
			if run.Conclusion != "failure" || !strings.Contains(run.Output.Summary, told) {
				t.Errorf("%s: %s\n%s", run.Conclusion, run.Output.Title, run.Output.Summary)
			}
			_, _, run = w.propose(r, "mended", map[string]string{".github/platform.yml": "version: 1\n"})
			equal(t, "conclusion of what mends it", run.Conclusion, "success")
		})
	}
}
