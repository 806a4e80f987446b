package main

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

// left makes a group's run, which has ended and left its evidence behind.
func (w *world) left(r *githubtest.Repo, id int64, group string) githubtest.Run {
	run := recorded(id, "merge_group", group, "")
	run.Branch = "gh-readonly-queue/main/pr-1"
	run.Jobs = run.Jobs[:1]
	r.AddRun(run)
	return run
}

func archive(name string, content []byte) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	out, err := z.Create(name)
	if err == nil {
		_, err = out.Write(content)
	}
	if err != nil || z.Close() != nil {
		panic("an archive in memory cannot be made")
	}
	return buf.Bytes()
}

// TestArtifact: the evidence that a trusted run leaves behind is taken when it ends, if there is just one and it is sound.
func TestArtifact(t *testing.T) {
	t.Parallel()
	w, _ := asked(t, "artifact")
	for name, c := range map[string]struct {
		leave func(r *githubtest.Repo, group string, good []byte)
		title string
		told  string
	}{
		"sound": {func(r *githubtest.Repo, _ string, good []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good})
		}, "Tested", ""},
		"none": {func(*githubtest.Repo, string, []byte) {}, "Not tested: unit: no-evidence", ""},
		"of an earlier attempt": {func(r *githubtest.Repo, _ string, good []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good, Created: time.Now().Add(-time.Hour)})
		}, "Not tested: unit: no-evidence", ""},
		"two of one name": {func(r *githubtest.Repo, _ string, good []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good})
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good})
		}, "Undecided", "more than one artifact"},
		"of another tree": {func(r *githubtest.Repo, group string, _ []byte) {
			data := archive("evidence.json", document(group, strings.Repeat("0", 40), junit(3, 0, 0)))
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: data})
		}, "Undecided", "wrong-tree"},
		"another digest": {func(r *githubtest.Repo, _ string, good []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good, Digest: "sha256:" + strings.Repeat("0", 64)})
		}, "Undecided", "not what its digest says"},
		"no digest": {func(r *githubtest.Repo, _ string, good []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good, Digest: "-"})
		}, "Undecided", "no digest"},
		"expired": {func(r *githubtest.Repo, _ string, good []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good, Expired: true})
		}, "Undecided", "has expired"},
		"said to have 10 GB": {func(r *githubtest.Repo, _ string, good []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: good, Size: 10 << 30})
		}, "Undecided", "at most"},
		"larger than it says": {func(r *githubtest.Repo, _ string, _ []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: make([]byte, 17<<20), Size: 100})
		}, "Undecided", "more than"},
		"a bomb": {func(r *githubtest.Repo, _ string, _ []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: archive("evidence.json", make([]byte, 31<<20))})
		}, "Undecided", "times its size"},
		"leads out": {func(r *githubtest.Repo, _ string, _ []byte) {
			r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: archive("../evidence.json", []byte("{}"))})
		}, "Undecided", "no plain path"},
	} {
		func() { // one server for all of them, so not at the same time
			t.Log(name)
			r := w.next("artifact")
			n, head, _ := w.change(r, "docs", nil)
			w.shows(r, head, "Waiting", "")
			group := r.MergeGroup(n)
			run := w.left(r, 1, group)
			w.send(r.MergeGroupEvent(n, group))
			w.shows(r, group, "Waiting: unit: tests-running", "")
			c.leave(r, group, archive("evidence.json", document(group, r.Tree(group), junit(3, 0, 0))))
			w.end(r, run, "success")
			want := map[bool]string{true: "success", false: "failure"}[c.title == "Tested"]
			if c.title == "Not tested: unit: no-evidence" { // no record yet of a head that is this young
				c.title, want = "Waiting: unit: no-evidence", ""
			}
			shown := w.shows(r, group, c.title, want)
			if !strings.Contains(shown.Output.Summary, c.told) {
				t.Errorf("%q is not told:\n%s", c.told, shown.Output.Summary)
			}
		}()
	}
}

// TestArtifactOfPull: what a pull request's run left behind never counts, and is not even fetched.
func TestArtifactOfPull(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "artifact")
	_, head, merge := w.change(r, "docs", nil)
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	r.AddArtifact(githubtest.Artifact{Run: 1, Name: "platform-evidence", Data: archive("evidence.json", document(merge, "", junit(3, 0, 0)))})
	w.hub.ResetLog()
	w.end(r, run, "success")
	w.shows(r, head, "Waiting: unit: no-evidence", "")
	if _, _, list := w.calls(); has(list, "artifacts") {
		t.Errorf("it was looked for:\n%s", strings.Join(list, "\n"))
	}
}
