package waiver_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/waiver"
)

var update = flag.Bool("update", false, "write the goldens of testdata/cases anew")

func issued() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func good() waiver.Waiver {
	return waiver.Waiver{Installation: 1, Repository: 2, Environment: "production", Commit: strings.Repeat("c", 40), Reason: "the shop is down", Ticket: "OPS-1",
		Requester: waiver.Person{ID: 10, Login: "ada"}, Approver: waiver.Approver{Person: waiver.Person{ID: 11, Login: "grace"}, User: true, As: "team platform"},
		Issued: issued(), Expires: issued().Add(time.Hour)}
}

func use() waiver.Use {
	return waiver.Use{Installation: 1, Repository: 2, Environment: "production", Commit: strings.Repeat("c", 40), Entitled: true,
		Actors: []int64{10, 12}, Authors: []int64{10}, Now: issued().Add(time.Minute)}
}

// A change is what a case writes over the good waiver and the good use.
type change struct {
	Waiver struct {
		Environment, Commit, Reason, Ticket, As *string
		Digests                                 []string
		Requester, Approver, Installation       *int64
		Bot                                     bool
		Lasts                                   *time.Duration
		Uses                                    int
	}
	Use struct {
		Environment, Commit *string
		Digests             []string
		Repository          *int64
		Used                int
		NotEntitled         bool `yaml:"not_entitled"`
		Actors, Authors     []int64
		NoActors            bool `yaml:"no_actors"`
		After               *time.Duration
	}
}

func set[T any](at *T, v *T) {
	if v != nil {
		*at = *v
	}
}

func (c change) answer() string {
	w, u := good(), use()
	set(&w.Environment, c.Waiver.Environment)
	set(&w.Commit, c.Waiver.Commit)
	set(&w.Reason, c.Waiver.Reason)
	set(&w.Ticket, c.Waiver.Ticket)
	set(&w.Approver.As, c.Waiver.As)
	set(&w.Requester.ID, c.Waiver.Requester)
	set(&w.Approver.ID, c.Waiver.Approver)
	set(&w.Installation, c.Waiver.Installation)
	w.Digests, w.Uses, w.Approver.User = c.Waiver.Digests, c.Waiver.Uses, !c.Waiver.Bot
	if c.Waiver.Lasts != nil {
		w.Expires = w.Issued.Add(*c.Waiver.Lasts)
	}
	set(&u.Environment, c.Use.Environment)
	set(&u.Commit, c.Use.Commit)
	set(&u.Repository, c.Use.Repository)
	u.Digests, u.Used, u.Entitled = c.Use.Digests, c.Use.Used, !c.Use.NotEntitled
	if c.Use.Actors != nil || c.Use.NoActors {
		u.Actors = c.Use.Actors
	}
	if c.Use.Authors != nil {
		u.Authors = c.Use.Authors
	}
	if c.Use.After != nil {
		u.Now = w.Issued.Add(*c.Use.After)
	}
	made, err := waiver.New(w)
	if err != nil {
		if w.Answer(u) == waiver.Holds {
			return "it holds, although New says: " + err.Error()
		}
		return "none: " + err.Error()
	}
	return made.Answer(u).Says()
}

// TestCases answers every case of testdata/cases: what it shows as the comment, what differs from a waiver that holds, and
// the answer as golden.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil || len(a.Comment) == 0 || len(a.Files) == 0 {
			t.Fatalf("%s needs a comment and change.yml: %v", file, err)
		}
		var c change
		dec := yaml.NewDecoder(strings.NewReader(string(a.Files[0].Data)))
		dec.KnownFields(true)
		if err := dec.Decode(&c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		got := c.answer() + "\n"
		seen[strings.TrimSpace(got)] = true
		if *update {
			a.Files = []txtar.File{a.Files[0], {Name: "answer", Data: []byte(got)}}
			if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if len(a.Files) < 2 {
			t.Errorf("%s has no answer; read what -update writes", file)
			continue
		}
		if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
			t.Errorf("%s (-golden +got)\n%s", file, diff)
		}
	}
	for a := waiver.Holds; a <= waiver.OwnCommit; a++ {
		// What is malformed, and who asks for his own, New refuses already; TestAnswerAlone has them.
		if a != waiver.Malformed && a != waiver.OwnRequest && !seen[a.Says()] {
			t.Errorf("no case shows %q", a.Says())
		}
	}
}

// TestAnswerAlone holds that a waiver which New never saw, as out of a database that was written to, is judged as well.
func TestAnswerAlone(t *testing.T) {
	t.Parallel()
	w := good()
	w.Version, w.Uses = waiver.Version, 1
	if got := w.Answer(use()); got != waiver.Holds {
		t.Fatal(got.Says())
	}
	for name, spoil := range map[string]func(*waiver.Waiver, *waiver.Use){
		"for a year":    func(w *waiver.Waiver, _ *waiver.Use) { w.Expires = w.Issued.AddDate(1, 0, 0) },
		"own request":   func(w *waiver.Waiver, _ *waiver.Use) { w.Requester = w.Approver.Person },
		"of everything": func(w *waiver.Waiver, u *waiver.Use) { w.Commit, u.Commit = "", "" },
		"zero":          func(w *waiver.Waiver, u *waiver.Use) { *w, *u = waiver.Waiver{}, waiver.Use{} },
		"no time":       func(_ *waiver.Waiver, u *waiver.Use) { u.Now = time.Time{} },
		"negative uses": func(_ *waiver.Waiver, u *waiver.Use) { u.Used = -1 },
	} {
		w, u := w, use()
		spoil(&w, &u)
		if got := w.Answer(u); got == waiver.Holds || got == waiver.Unread {
			t.Errorf("%s: %s", name, got.Says())
		}
	}
}

// TestNobodyAlone holds that whoever is requester, actor or author never is the one who lets it pass, and that nothing
// holds beyond its time and its uses.
func TestNobodyAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		who := rapid.Int64Range(0, 4)
		w, u := good(), use()
		w.Requester.ID, w.Approver.ID = who.Draw(r, "requester"), who.Draw(r, "approver")
		w.Uses = rapid.IntRange(1, 3).Draw(r, "uses")
		u.Actors, u.Authors = rapid.SliceOfN(who, 0, 2).Draw(r, "actors"), rapid.SliceOfN(who, 0, 3).Draw(r, "authors")
		u.Used, u.Now = rapid.IntRange(0, 4).Draw(r, "used"), issued().Add(time.Duration(rapid.IntRange(-20, 80).Draw(r, "minute"))*time.Minute)
		made, err := waiver.New(w)
		if err != nil || made.Answer(u) != waiver.Holds {
			return
		}
		others := append(append([]int64{w.Requester.ID}, u.Actors...), u.Authors...)
		for _, id := range others {
			if id == w.Approver.ID || id == 0 {
				r.Fatalf("%d approves beside %v", w.Approver.ID, others)
			}
		}
		if len(u.Actors) == 0 || u.Used >= w.Uses || !u.Now.Before(w.Expires) {
			r.Fatalf("it holds with actors %v, %d of %d uses, at %s", u.Actors, u.Used, w.Uses, u.Now)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	w, err := waiver.New(good())
	if err != nil {
		t.Fatal(err)
	}
	got, err := waiver.Parse(w.JSON())
	if diff := cmp.Diff(w, got); err != nil || diff != "" || got.ID() != w.ID() {
		t.Error(err, diff)
	}
	text := string(w.JSON())
	for name, data := range map[string]string{
		"empty": "", "null": "null", "spaces": text + " ", "two": text + text, "unknown key": strings.Replace(text, `"uses":1`, `"uses":1,"more":1`, 1),
		"twice a key": strings.Replace(text, `"uses":1`, `"uses":9,"uses":1`, 1), "another case": strings.Replace(text, `"uses"`, `"Uses"`, 1),
		"huge": strings.Repeat(" ", 70<<10), "other zone": strings.ReplaceAll(text, "Z\"", "+00:00\""),
	} {
		if got, err := waiver.Parse([]byte(data)); err == nil {
			t.Errorf("%s is read: %+v", name, got)
		}
	}
}

// FuzzParse holds that what is read has one form and one id, and is valid.
func FuzzParse(f *testing.F) {
	w, err := waiver.New(good())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(w.JSON())
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(strings.Replace(string(w.JSON()), `"commit"`, `"digests":["sha256:`+strings.Repeat("a", 64)+`"],"commit"`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := waiver.Parse(data)
		if err != nil {
			return
		}
		if string(w.JSON()) != string(data) || w.Validate() != nil {
			t.Errorf("%s is read as %s, %v", data, w.JSON(), w.Validate())
		}
	})
}
