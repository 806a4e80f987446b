package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
)

// form is what a digest is taken over: values one after the other, each text and each list with its length before it, so that
// no two facts have one form. Of facts that come by the thousand JSON would take most of the time of a decision. A field that
// is added to one of these types has to be added here: TestEveryFact fails without it.
type form struct{ data []byte }

func (f *form) text(list ...string) {
	for _, s := range list {
		f.data = binary.AppendUvarint(f.data, uint64(len(s)))
		f.data = append(f.data, s...)
	}
}

func (f *form) numbers(list ...int64) {
	for _, n := range list {
		f.data = binary.AppendVarint(f.data, n)
	}
}

func (f *form) texts(list []string) {
	f.numbers(int64(len(list)))
	f.text(list...)
}

func (f *form) flags(list ...bool) {
	for _, b := range list {
		if b {
			f.data = append(f.data, 1)
		} else {
			f.data = append(f.data, 0)
		}
	}
}

// time is the instant: two names of one say the same.
func (f *form) time(t time.Time) { f.numbers(t.Unix(), int64(t.Nanosecond())) }

// record is a record's form.
func (f *form) record(r *evidence.Record) {
	p := &r.Producer
	f.numbers(int64(r.Version), p.Tenant.Installation, p.Tenant.Repository, p.OwnerID, p.HeadRepositoryID, p.RunID, int64(p.Attempt), int64(r.Assurance))
	f.text(p.HeadCommit, p.Workflow, p.WorkflowRef, p.WorkflowSHA, p.JobWorkflowRef, p.JobWorkflowSHA, p.Job, p.Event, p.Ref, p.Runner,
		r.Subject.Commit, r.Subject.Tree)
	f.texts(p.Needs)
	f.texts(r.Subject.Digests)
	f.flags(p.RefProtected)
	f.time(p.RunStarted)
	f.time(r.Recorded)
	f.numbers(int64(len(r.Suites)))
	for i := range r.Suites {
		f.suite(&r.Suites[i])
	}
}

func (f *form) suite(s *evidence.Suite) {
	f.text(s.Name, s.Tool)
	c := s.Counts
	f.numbers(int64(c.Executed), int64(c.Passed), int64(c.Failed), int64(c.Errored), int64(c.Skipped), int64(c.Retried), int64(s.Coverage.Lines), int64(s.Coverage.Covered), int64(len(s.Reports)))
	for _, r := range s.Reports {
		f.text(r.Name, r.Format, r.SHA256)
		f.numbers(int64(r.Coverage.Lines), int64(r.Coverage.Covered))
	}
}

// run is a run's form, its jobs in any order.
func (f *form) run(r *evidence.Run) {
	f.numbers(r.RepositoryID, r.ID, int64(r.Attempt), r.HeadRepositoryID, int64(r.Status))
	f.text(r.Workflow, r.Event, r.HeadCommit, r.Tree, r.Conclusion)
	f.flags(r.RefProtected, r.Gone)
	f.time(r.Started)
	jobs, known := r.Jobs.Get()
	f.flags(known)
	f.text(r.Jobs.Why())
	sum := unordered(jobs, (*form).job)
	f.data = append(f.data, sum[:]...)
}

func (f *form) job(j *evidence.Job) {
	f.numbers(int64(j.Attempt), int64(j.Status))
	f.text(j.Name, j.Conclusion, j.Runner)
}

func (f *form) passing(p *evidence.Passing) {
	f.text(p.Suite)
	f.numbers(p.RunID, int64(p.Ran))
	f.time(p.Started)
}

func (f *form) deployment(d *evidence.Deployment) {
	f.text(d.Environment, d.Commit, d.Tree)
	f.texts(d.Digests)
	f.numbers(int64(d.Basis))
	f.flags(d.Succeeded)
	f.time(d.At)
	f.texts(d.Suites)
}

// mark is the digest of one form.
type mark = [sha256.Size]byte

// unordered is the digest of a list whose order tells nothing: over the digests of its elements, sorted.
func unordered[T any](list []T, write func(*form, *T)) mark {
	marks := make([]mark, len(list))
	var f form
	for i := range list {
		f.data = f.data[:0]
		write(&f, &list[i])
		marks[i] = sha256.Sum256(f.data)
	}
	slices.SortFunc(marks, func(a, b mark) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	for i := range marks {
		h.Write(marks[i][:])
	}
	return mark(h.Sum(nil))
}

// asJSON is the form of a value of plain fields.
func asJSON[T any](f *form, v *T) { f.data = append(f.data, encode(v)...) }

// group is what a digest has of a group of facts.
func group[T any](k fact.Known[[]T], write func(*form, *T)) any {
	list, ok := k.Get()
	return []any{ok, k.Why(), sorted(list, write)}
}
