package gate_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
)

// TestEveryFact changes each value of everything that comes in lists, one at a time: each change is a digest of its own. A
// field that is added to one of the types, and not to its form, fails here.
func TestEveryFact(t *testing.T) {
	t.Parallel()
	w := world{Deployments: []deployment{{Tree: "u", Basis: evidence.BasisEvidence, Age: "2h"}}}
	q := w.question(t)
	records, _ := q.Subject.Records.Get()
	runs, _ := q.Subject.Runs.Get()
	history, _ := q.Subject.History.Get()
	records[0].Producer.Needs, records[0].Subject.Digests = []string{"build", "test"}, []string{digest("a"), digest("b")}
	history.Passing = []evidence.Passing{{Suite: "unit", RunID: 3, Ran: 4, Started: present()}}
	history.Deployments[0].Digests, history.Deployments[0].Suites = []string{"a", "b"}, []string{"c"}
	seen := map[string]string{}
	check := func(path string) {
		q.Subject.Records, q.Subject.Runs, q.Subject.History = fact.Of(records), fact.Of(runs), fact.Of(history)
		got := gate.Decide(q).Facts
		if other, twice := seen[got]; twice {
			t.Errorf("%s has the digest of %s", path, other)
		}
		seen[got] = path
	}
	check("nothing changed")
	vary(t, reflect.ValueOf(&records).Elem(), "records", check)
	vary(t, reflect.ValueOf(&runs).Elem(), "runs", check)
	vary(t, reflect.ValueOf(&history).Elem(), "history", check)
	if len(seen) < 90 {
		t.Errorf("only %d values were changed", len(seen))
	}
	first, second := &records[0].Producer.Workflow, &records[0].Producer.WorkflowRef
	*first, *second = "a", "bc"
	check("two texts")
	*first, *second = "ab", "c"
	check("two texts, of which one letter has moved")
}

// vary changes one value below v after the other, calls check, and puts it back.
func vary(t *testing.T, v reflect.Value, path string, check func(path string)) {
	t.Helper()
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	change := func(to any, how string) {
		v.Set(reflect.ValueOf(to).Convert(v.Type()))
		check(path + how)
		v.Set(old)
	}
	switch value := v.Interface().(type) {
	case time.Time:
		change(value.Add(time.Nanosecond), "")
		return
	case fact.Known[[]evidence.Job]:
		jobs, _ := value.Get()
		vary(t, reflect.ValueOf(&jobs).Elem(), path, func(path string) {
			v.Set(reflect.ValueOf(fact.Of(jobs)))
			check(path)
		})
		change(fact.Missing[[]evidence.Job]("away"), " missing")
		change(fact.Missing[[]evidence.Job]("lost"), " missing otherwise")
		return
	}
	switch v.Kind() {
	case reflect.String:
		change(v.String()+"x", "")
	case reflect.Int, reflect.Int64:
		change(v.Int()+1, "")
	case reflect.Uint8:
		change(v.Uint()+1, "")
	case reflect.Bool:
		change(!v.Bool(), "")
	case reflect.Struct:
		for i := range v.NumField() {
			vary(t, v.Field(i), path+"."+v.Type().Field(i).Name, check)
		}
	case reflect.Slice:
		change(reflect.Append(v.Slice3(0, v.Len(), v.Len()), reflect.Zero(v.Type().Elem())).Interface(), " and one more")
		for i := range v.Len() {
			vary(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i), check)
		}
		if v.Len() > 0 {
			change(v.Slice(0, v.Len()-1).Interface(), " and one less")
		}
	default:
		t.Fatalf("%s: nobody knows how to change a %s", path, v.Type())
	}
}
