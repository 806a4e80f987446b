package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github/githubtest"
)

// limited is a configuration under which a larger server has to be confirmed.
func limited() map[string]string {
	return map[string]string{".github/platform.yml": "version: 1\ncost:\n  acknowledge: {delta: 20}\n"}
}

// propose opens a pull request with one change, and waits for its verdict.
func (w *world) propose(r *githubtest.Repo, branch string, changes map[string]string) (n int, sha string, run githubtest.CheckRun) {
	w.t.Helper()
	sha = r.Commit(branch, changes)
	n = r.OpenPull("A change", branch, "main", "writer")
	w.send(r.PullEvent("opened", n))
	return n, sha, w.check(r, sha)
}

// say writes a comment and delivers its event.
func (w *world) say(r *githubtest.Repo, n int, login, text string) {
	w.t.Helper()
	w.send(r.CommentEvent("created", r.Comment(n, login, text), login))
	w.settled()
}

func bigger(size string) map[string]string { return map[string]string{"infra/main.tf": instance(size)} }

func TestCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, sha, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "action_required")
	digest := strings.TrimPrefix(run.Actions[0].Identifier, "ack-")

	w.say(r, n, "reader", "/platform ack "+digest)
	w.say(r, n, "stranger", "/platform ack "+digest)
	w.say(r, n, "robot[bot]", "/platform ack "+digest)
	id := r.Comment(n, "writer", "/platform ack "+digest)
	w.send(r.CommentEvent("edited", id, "writer"))   // what was edited is nobody's word
	w.send(r.CommentEvent("created", id, "someone")) // nor what another sends
	w.say(r, n, "writer", "> /platform ack "+digest) // nor a quotation
	w.settled()
	comments := r.Comments(n)
	equal(t, "conclusion after those who may not", r.CheckRuns(sha)[0].Conclusion, "action_required")
	equal(t, "comments of ours", ours(comments), 1)

	w.say(r, n, "writer", "/platform ack 00000000")
	equal(t, "conclusion after another digest", r.CheckRuns(sha)[0].Conclusion, "action_required")
	w.say(r, n, "writer", "/platform ack "+digest)
	w.eventually("the confirmation counts", func() bool { return r.CheckRuns(sha)[0].Conclusion == "success" })
	w.settled()
	if body := sticky(r.Comments(n)).Body; !strings.Contains(body, "writer") {
		t.Errorf("the comment does not say who confirmed:\n%s", body)
	}

	before := ours(r.Comments(n))
	w.say(r, n, "writer", "/platform explain platform/cost/acknowledge")
	w.say(r, n, "writer", "/platform explain nonsense")
	w.say(r, n, "writer", "/platform dance")
	equal(t, "replies", ours(r.Comments(n)), before+3)
	w.say(r, n, "writer", "/platform recheck")
	w.eventually("there is a new run", func() bool { return r.CheckRuns(sha)[0].ID != run.ID })
	equal(t, "conclusion after a recheck", w.check(r, sha).Conclusion, "success")
}

// TestAnnotationsStandOnce: GitHub adds the annotations of an update to those before, and takes none back.
func TestAnnotationsStandOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	open := "resource \"aws_security_group\" \"ssh\" {\n  ingress {\n    from_port = 22\n    to_port = 22\n    protocol = \"tcp\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n}\n"
	tag := "resource \"aws_ebs_volume\" \"v\" {\n  availability_zone = \"eu-west-2a\"\n  size = 1\n}\n"
	changes := bigger("m5.large")
	changes["infra/volume.tf"] = tag
	_, sha, run := w.propose(r, "noted", changes)
	equal(t, "conclusion", run.Conclusion, "action_required")
	notes := len(run.Output.Annotations)
	if notes == 0 {
		t.Fatalf("no annotations: %s", run.Output.Summary)
	}
	if digest := strings.TrimPrefix(run.Actions[0].Identifier, "ack-"); !strings.Contains(run.Output.Summary, "/platform ack "+digest) {
		t.Errorf("the summary does not name the command:\n%s", run.Output.Summary)
	}
	w.send(r.CheckRunEvent("requested_action", sha, run.Actions[0].Identifier, "writer"))
	w.eventually("the click counts", func() bool { return r.CheckRuns(sha)[0].Conclusion == "success" })
	w.settled()
	equal(t, "annotations after the confirmation", len(r.CheckRuns(sha)[0].Output.Annotations), notes)
	equal(t, "check runs after the confirmation", len(r.CheckRuns(sha)), 1)
	w.send(r.CheckRunEvent("requested_action", sha, "rerun", "writer"))
	w.eventually("it is run again", func() bool { return len(r.CheckRuns(sha)) == 2 })
	equal(t, "annotations of the run that counts", len(w.check(r, sha).Output.Annotations), notes)

	changes["infra/ssh.tf"] = open
	worse := r.Commit("noted", changes)
	w.send(r.PullEvent("synchronize", 1))
	if more := w.check(r, worse); len(more.Output.Annotations) <= notes || more.Conclusion != "failure" {
		t.Errorf("%s with %d annotations", more.Conclusion, len(more.Output.Annotations))
	}
}

// TestAcknowledgementGrows: a higher amount asks again, a lower one does not.
func TestAcknowledgementGrows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, sha, run := w.propose(r, "bigger", bigger("m5.large"))
	button := run.Actions[0].Identifier
	w.send(r.CheckRunEvent("requested_action", sha, button, "reader"))
	w.settled()
	equal(t, "conclusion after a reader's click", r.CheckRuns(sha)[0].Conclusion, "action_required")
	w.send(r.CheckRunEvent("requested_action", sha, button, "writer"))
	w.eventually("the click counts", func() bool { return r.CheckRuns(sha)[0].Conclusion == "success" })
	for _, step := range []struct{ size, want string }{{"t3.large", "success"}, {"m5.4xlarge", "action_required"}, {"m5.large", "success"}} {
		sha = r.Commit("bigger", bigger(step.size))
		w.send(r.PullEvent("synchronize", n))
		equal(t, "conclusion with "+step.size, w.check(r, sha).Conclusion, step.want)
	}
	equal(t, "verdict comments", len(r.Comments(n)), 1)
}

// TestOrganisation: what the policy repository enforces holds for every repository, and an invalid commit there changes
// nothing.
func TestOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	i, r := w.shop("acme", map[string]string{".github/platform.yml": "version: 1\ncost:\n  block: {delta: 5000}\n"})
	central := w.hub.AddRepository(i, ".github")
	central.Commit("main", map[string]string{"platform.yml": "version: 1\nenforced:\n  cost: {currency: USD, block: {delta: 20}}\n"})
	w.start()
	w.swept()
	n, _, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "failure")
	if !strings.Contains(run.Output.Summary, "cost.block.delta of the repository does not count") {
		t.Errorf("it is not told why:\n%s", run.Output.Summary)
	}
	w.send(pushed(central, map[string]string{"platform.yml": "version: 1\nenforced: [\n"}))
	w.settled()
	sha := r.Commit("bigger", bigger("m5.xlarge"))
	w.send(r.PullEvent("synchronize", n))
	run = w.check(r, sha)
	if run.Conclusion != "failure" || !strings.Contains(run.Output.Summary, "`organisation-invalid`") {
		t.Errorf("%s\n%s", run.Conclusion, run.Output.Summary)
	}
	w.send(pushed(central, map[string]string{"platform.yml": "version: 1\ndefaults:\n  cost: {unknown: block}\n"}))
	w.settled()
	sha = r.Commit("bigger", bigger("m5.large"))
	w.send(r.PullEvent("synchronize", n))
	equal(t, "conclusion once nothing is enforced", w.check(r, sha).Conclusion, "success")
}

// TestOwnCatalogue: what the policy repository says of prices holds for every repository; a commit of it that cannot be
// read changes nothing, and a repository's own folder of that name is nothing.
func TestOwnCatalogue(t *testing.T) {
	t.Parallel()
	const entry = "aws_instance:\n  extends: true\n  components: [{name: Care, unit: months, quantity: \"1.0\", price: usd(%s)}]\n"
	w := newWorld(t, githubtest.Options{})
	i, r := w.shop("acme", map[string]string{
		".github/platform.yml": "version: 1\ncost:\n  block: {delta: 500}\n", "catalogue/ours.yaml": fmt.Sprintf(entry, "9000"),
	})
	central := w.hub.AddRepository(i, ".github")
	central.Commit("main", map[string]string{"README.md": "empty"})
	w.start()
	w.swept()
	second := map[string]string{"infra/second.tf": "resource \"aws_instance\" \"second\" {\n  ami           = \"ami-1\"\n  instance_type = \"t3.micro\"\n}\n"}
	n, _, run := w.propose(r, "second", second)
	equal(t, "conclusion by list prices", run.Conclusion, "success")
	for _, step := range []struct{ text, conclusion, says string }{
		{fmt.Sprintf(entry, "600"), "failure", "LIMIT-001"},
		{"aws_instance: [\n", "failure", "organisation-invalid"},
		{fmt.Sprintf(entry, "1"), "success", ""},
	} {
		w.send(pushed(central, map[string]string{"catalogue/ours.yaml": step.text}))
		w.settled()
		second["infra/second.tf"] += "\n"
		sha := r.Commit("second", second)
		w.send(r.PullEvent("synchronize", n))
		run := w.check(r, sha)
		if run.Conclusion != step.conclusion || !strings.Contains(run.Output.Summary, step.says) {
			t.Errorf("%q: %s\n%s", step.text, run.Conclusion, run.Output.Summary)
		}
	}
}

// TestForeignPolicies: the organisation's own Rego judges, in a process of its own; one that is too greedy blocks and
// ends nothing.
func TestForeignPolicies(t *testing.T) {
	t.Parallel()
	const rule = "# METADATA\n# title: Small servers\n# custom:\n#   id: ACME-001\n#   severity: block\n#   reads:\n#     aws_instance: [instance_type]\npackage acme.size\n\ndeny contains {\"address\": r.address, \"msg\": \"too large\"} if {\n\tsome r in input.resources.aws_instance\n\tr.judged\n\tr.after.instance_type != \"t3.micro\"\n%s}\n"
	w := newWorld(t, githubtest.Options{})
	i, r := w.shop("acme", nil)
	central := w.hub.AddRepository(i, ".github")
	rego := func(more string) map[string]string {
		return map[string]string{"policies/size.rego": fmt.Sprintf(rule, more)}
	}
	central.Commit("main", rego(""))
	w.start()
	w.swept()
	n, _, run := w.propose(r, "bigger", bigger("m5.large"))
	if run.Conclusion != "failure" || !strings.Contains(run.Output.Summary, "ACME-001") {
		t.Errorf("%s\n%s", run.Conclusion, run.Output.Summary)
	}
	w.say(r, n, "writer", "/platform explain ACME-001")
	if replies := r.Comments(n); !strings.Contains(replies[len(replies)-1].Body, "aws_instance.web") {
		t.Errorf("the explanation: %s", replies[len(replies)-1].Body)
	}
	w.send(pushed(central, rego("\tcount(numbers.range(1, 2000000000)) > 1\n")))
	w.settled()
	sha := r.Commit("bigger", bigger("m5.xlarge"))
	w.send(r.PullEvent("synchronize", n))
	if run = w.check(r, sha); run.Conclusion != "failure" || !strings.Contains(run.Output.Title, "ndecided") {
		t.Errorf("greedy policies: %s %s\n%s", run.Conclusion, run.Output.Title, run.Output.Summary)
	}
	status, _ := w.get(w.url + "/readyz")
	equal(t, "readyz afterwards", status, 200)
}

func TestMergeGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", map[string]string{".github/platform.yml": "version: 1\ncost:\n  block: {delta: 20}\n"})
	w.start()
	w.swept()
	n, _, run := w.propose(r, "bigger", bigger("m5.4xlarge"))
	equal(t, "conclusion of the head", run.Conclusion, "failure")
	group := r.MergeGroup(n)
	w.send(r.MergeGroupEvent(n, group))
	equal(t, "conclusion of the group", w.check(r, group).Conclusion, "failure")

	small, _, run := w.propose(r, "small", map[string]string{"notes.md": "text\n"})
	equal(t, "conclusion of the second head", run.Conclusion, "success")
	group = r.MergeGroup(small)
	w.send(r.MergeGroupEvent(small, group))
	equal(t, "conclusion of the second group", w.check(r, group).Conclusion, "success")
}

// TestMergeGroupAgain: the buttons of a group's check evaluate the group, which only its webhook names.
func TestMergeGroupAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	group := r.MergeGroup(n)
	w.send(r.MergeGroupEvent(n, group))
	run := w.check(r, group)
	equal(t, "conclusion of the group", run.Conclusion, "action_required")
	writes := run.Writes
	w.send(r.CheckRunEvent("requested_action", group, "rerun", "writer"))
	w.eventually("it is run again", func() bool { return r.CheckRuns(group)[0].Writes >= writes+2 || r.CheckRuns(group)[0].ID != run.ID })
	run = w.check(r, group)
	equal(t, "conclusion after it was run again", run.Conclusion, "action_required")
	w.send(r.CheckRunEvent("requested_action", group, run.Actions[0].Identifier, "reader"))
	w.settled()
	equal(t, "conclusion after a reader's click", r.CheckRuns(group)[0].Conclusion, "action_required")
	w.send(r.CheckRunEvent("requested_action", group, run.Actions[0].Identifier, "writer"))
	w.eventually("the click counts", func() bool { return r.CheckRuns(group)[0].Conclusion == "success" })
}

// TestCommentIsRestored: whoever edits or deletes our comment does not change what it says.
func TestCommentIsRestored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	was := sticky(r.Comments(n))
	r.EditComment(was.ID, "All is well, merge it.")
	w.send(r.CommentEvent("edited", was.ID, "writer"))
	w.eventually("the text is restored", func() bool { return sticky(r.Comments(n)).Body == was.Body })
	w.settled()
	r.DeleteComment(was.ID)
	w.send(r.DeletedCommentEvent(was, "writer"))
	w.eventually("the comment is there again", func() bool { return sticky(r.Comments(n)).Body == was.Body })
	w.settled()
	equal(t, "comments", len(r.Comments(n)), 1)

	forged := r.Comment(n, "stranger", control.Marker+"\nAllowed.")
	w.send(r.CommentEvent("created", forged, "stranger"))
	w.settled()
	for _, c := range r.Comments(n) {
		if c.ID == forged && c.Body != control.Marker+"\nAllowed." {
			t.Error("somebody else's comment was written")
		}
	}
}

// TestLifeOfAPull: what happens to a pull request besides pushes.
func TestLifeOfAPull(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	r.Branch("release", r.Commit("feature", bigger("m5.large")))
	w.start()
	w.swept()
	sha := r.Commit("feature", map[string]string{"notes.md": "one\n"})
	n := r.OpenPull("A draft", "feature", "main", "writer")
	r.SetDraft(n, true)
	w.send(r.PullEvent("opened", n))
	w.check(r, sha)
	if !strings.Contains(sticky(r.Comments(n)).Body, "aws_instance.web") {
		t.Errorf("a draft is told nothing: %+v", r.Comments(n))
	}
	r.Retarget(n, "release") // which has the larger server already
	w.send(r.RetargetEvent(n, "main"))
	w.eventually("the comment follows the base", func() bool { return !strings.Contains(sticky(r.Comments(n)).Body, "+$72") })

	forced := r.ForcePush("feature", map[string]string{"notes.md": "text\n"})
	w.send(r.PullEvent("synchronize", n))
	equal(t, "conclusion after a force-push", w.check(r, forced).Conclusion, "success")
	r.ClosePull(n)
	w.send(r.PullEvent("closed", n))
	w.settled()
	writes := r.CheckRuns(forced)[0].Writes
	equal(t, "check of a closed pull request", r.CheckRuns(forced)[0].Conclusion, "success")
	r.Reopen(n)
	w.send(r.PullEvent("reopened", n))
	w.settled()
	equal(t, "writes for a decided head that is opened again", r.CheckRuns(forced)[0].Writes, writes)
}

// TestSecondPullFromTheSameHead: a check belongs to a commit, so that a pull request to a branch without the
// configuration must not make it green.
func TestSecondPullFromTheSameHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	empty := r.Head("main")
	r.Commit("main", map[string]string{".github/platform.yml": "version: 1\ncost:\n  block: {delta: 20}\n"})
	r.Branch("unguarded", empty)
	w.start()
	w.swept()
	n, sha, run := w.propose(r, "bigger", bigger("m5.4xlarge"))
	equal(t, "conclusion", run.Conclusion, "failure")
	second := r.OpenPull("The same, elsewhere", "bigger", "unguarded", "stranger")
	w.send(r.PullEvent("opened", second))
	w.settled()
	equal(t, "conclusion with a second pull request", r.CheckRuns(sha)[0].Conclusion, "failure")
	r.ClosePull(n)
	w.send(r.PullEvent("closed", n))
	w.settled()
	equal(t, "conclusion of the second alone", r.CheckRuns(sha)[0].Conclusion, "failure")
}

// TestManyFiles: beyond what GitHub tells, every root is evaluated, and that is said.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	changes := bigger("m5.large")
	for i := range 3100 {
		changes[fmt.Sprintf("data/%04d.txt", i)] = "x\n"
	}
	n, _, run := w.propose(r, "huge", changes)
	equal(t, "conclusion", run.Conclusion, "success")
	if body := sticky(r.Comments(n)).Body; !strings.Contains(body, "more files") && !strings.Contains(body, "More files") || !strings.Contains(body, "+$72") {
		t.Errorf("the comment does not say it:\n%s", body)
	}
}

// TestFork: a pull request from a fork gets its verdict, and a second push at once waits.
func TestFork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	n := r.ForkPull("From outside <script>alert(1)</script>", "stranger", "main", bigger("m5.large"))
	w.send(r.PullEvent("opened", n))
	run := w.check(r, r.PullHead(n))
	equal(t, "conclusion", run.Conclusion, "success")
	if body := sticky(r.Comments(n)).Body; strings.Contains(body, "<script>") || !strings.Contains(body, "+$72") {
		t.Errorf("comment:\n%s", body)
	}
}

func ours(list []githubtest.Comment) int {
	n := 0
	for _, c := range list {
		if c.ByApp {
			n++
		}
	}
	return n
}

// sticky is our verdict's comment.
func sticky(list []githubtest.Comment) githubtest.Comment {
	for _, c := range list {
		if c.ByApp && strings.HasPrefix(c.Body, control.Marker) {
			return c
		}
	}
	return githubtest.Comment{}
}

// pushed commits to the default branch, and is the event of it.
func pushed(r *githubtest.Repo, changes map[string]string) githubtest.Event {
	before := r.Head("main")
	r.Commit("main", changes)
	return r.PushEvent("main", before, "writer", "platform.yml")
}

// TestTrace: one id leads through the log from a webhook to its verdict.
func TestTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	_, sha, _ := w.propose(r, "bigger", bigger("m5.large"))
	trace := w.log.attribute("webhook", "trace")
	if len(trace) != 16 || w.log.attribute("verdict", "trace") != trace || w.log.attribute("verdict", "head") != sha || w.log.attribute("webhook", "head") != sha {
		t.Error(w.log.String())
	}
}
