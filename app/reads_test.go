package main

import (
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestFileBesideTheFolder: a pull request that changes only what a root reads elsewhere is judged within the bounds of
// one that changes Terraform, also after the default branch moved; one that changes any other file costs next to nothing.
func TestFileBesideTheFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	source := strings.Replace(instance("t3.micro"), `"t3.micro"`, `nonsensitive(jsondecode(file("${path.module}/../shared/sizes.json")).web)`, 1)
	_, r := w.shop("acme", map[string]string{"infra/main.tf": source, "shared/sizes.json": `{"web": "t3.micro"}`})
	w.start()
	w.swept()
	propose := func(branch, name, text string, calls, writes, comments int) {
		t.Helper()
		sha := r.Commit(branch, map[string]string{name: text})
		n := r.OpenPull("A change", branch, "main", "writer")
		w.hub.ResetLog()
		w.send(r.PullEvent("opened", n))
		equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
		equal(t, "comments", len(r.Comments(n)), comments)
		if counted, wrote, list := w.calls(); counted > calls || wrote > writes {
			t.Errorf("%s: %d counted calls and %d writes, want %d and %d at most:\n%s", branch, counted, wrote, calls, writes, strings.Join(list, "\n"))
		}
	}
	propose("size", "shared/sizes.json", `{"web": "m5.large"}`, 7, 3, 1)
	propose("text", "shared/README.md", "text\n", 4, 2, 0)
	before := r.Commit("main", map[string]string{"NOTES.md": "text\n"})
	r.Commit("main", map[string]string{"infra/more.tf": "locals {\n  more = fileset(\"../sites\", \"*.json\")\n}\n"})
	w.send(r.PushEvent("main", before, "writer", "infra/more.tf"))
	w.settled()
	propose("site", "sites/new.json", "{}", 7, 3, 1)
	propose("other", "sites/new.txt", "text\n", 4, 2, 0)
}
