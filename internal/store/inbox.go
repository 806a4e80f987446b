package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/org/platform-action/internal/control"
)

const (
	maxName  = 512     // bytes of a delivery id, a task's subject, a name or a key
	maxInput = 1 << 20 // bytes of a task's input
)

// Accept writes the delivery and what it asks for, together with the deliveries that come in at the same moment.
func (s *Store) Accept(ctx context.Context, d control.Delivery, tasks []control.Task) (bool, error) {
	if err := s.usable(); err != nil {
		return false, err
	}
	if err := errors.Join(checkNames("delivery", d.ID, d.Event), checkText("action", d.Action), checkText("digest", d.Digest), checkPull(d.Pull), checkTasks(tasks)); err != nil {
		return false, err
	}
	s.inbox.arrived.Add(1)
	a := &arrival{delivery: d, tasks: s.originated(ctx, tasks)}
	err := s.commits.write(ctx, func(_ context.Context, b *batch) error {
		b.arrivals = append(b.arrivals, a)
		return nil
	}, true)
	if err != nil {
		return false, fmt.Errorf("accepting a delivery: %w", err)
	}
	if !a.fresh && a.known != d.Digest {
		s.log.WarnContext(ctx, "a delivery came again with another body", "delivery", d.ID, "tenant", d.Tenant.String())
	}
	return a.fresh, nil
}

// arrival is a delivery in a batch, and what became of it.
type arrival struct {
	delivery control.Delivery
	tasks    []control.Task
	fresh    bool
	known    string // digest of the body that came first
}

const deliveryColumns = 7

// arrive writes the batch's deliveries, and wants what the fresh ones ask for.
func (s *Store) arrive(ctx context.Context, b *batch) error {
	written := map[string]bool{}
	for part := range portions(b.arrivals) {
		args := make([]any, 0, len(part)*deliveryColumns)
		for _, a := range part {
			d := a.delivery
			args = append(args, d.ID, d.Tenant.Installation, d.Tenant.Repository, d.Event, d.Action, d.Digest, micros(d.Received))
		}
		ids, err := list(ctx, b, whole[string], `INSERT INTO delivery (id, installation_id, repository_id, event, action, digest, received)
			VALUES `+tuples(len(part), deliveryColumns)+` ON CONFLICT (id) DO NOTHING RETURNING id`, args...)
		if err != nil {
			return err
		}
		for _, id := range ids {
			written[id] = true
		}
	}
	for _, a := range b.arrivals {
		var err error
		if a.fresh = written[a.delivery.ID]; a.fresh {
			delete(written, a.delivery.ID) // another one with this id in the batch is its repetition
			s.want(b, a.tasks)
			if err := hint(ctx, b, a.delivery); err != nil {
				return err
			}
		} else if a.known, _, err = first(ctx, b, whole[string], `SELECT digest FROM delivery WHERE id = $1`, a.delivery.ID); err != nil {
			return err
		}
	}
	return nil
}

// hint keeps what a delivery says of a pull request: of two with one head, neither may be forgotten.
func hint(ctx context.Context, b *batch, d control.Delivery) error {
	p := d.Pull
	if p == nil {
		return nil
	}
	_, err := b.exec(ctx, savePull, d.Tenant.Installation, d.Tenant.Repository, p.Number, p.Head, p.Base, p.Open, micros(p.Seen))
	return err
}

// Want asks for work that no webhook asked for.
func (s *Store) Want(ctx context.Context, tasks ...control.Task) error {
	if err := s.usable(); err != nil {
		return err
	}
	if err := checkTasks(tasks); err != nil || len(tasks) == 0 {
		return err
	}
	tasks = s.originated(ctx, tasks)
	err := s.commits.write(ctx, func(_ context.Context, b *batch) error {
		s.want(b, tasks)
		return nil
	}, true)
	if err != nil {
		return fmt.Errorf("asking for work: %w", err)
	}
	return nil
}

// want notes tasks in the batch. Of one key, the newest input and the earliest time win.
func (s *Store) want(b *batch, tasks []control.Task) {
	if b.wants == nil {
		b.wants = map[taskArgs]want{}
	}
	now := s.o.Now()
	for _, t := range tasks {
		w := want{input: t.Input, due: now, origin: t.Origin}
		if t.NotBefore.After(now) {
			w.due, w.notBefore = t.NotBefore, t.NotBefore
		}
		key := argsOf(t)
		if had, again := b.wants[key]; again && had.due.Before(w.due) {
			w.due, w.notBefore = had.due, had.notBefore
		}
		b.wants[key] = w
	}
}

func checkPull(p *control.PullRecord) error {
	if p == nil {
		return nil
	}
	return errors.Join(checkText("head", p.Head), checkText("base", p.Base))
}

func checkTasks(tasks []control.Task) error {
	for _, t := range tasks {
		if err := errors.Join(checkNames("kind of a task", string(t.Kind)), checkText("subject of a task", t.Subject)); err != nil {
			return err
		}
		if len(t.Input) > maxInput {
			return fmt.Errorf("the input of a task has %d bytes, of %d allowed", len(t.Input), maxInput)
		}
	}
	return nil
}

// checkNames refuses what may not be empty; the error does not repeat the text, which may be hostile.
func checkNames(what string, names ...string) error {
	for _, name := range names {
		if name == "" {
			return fmt.Errorf("the %s is empty", what)
		}
		if err := checkText(what, name); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses what PostgreSQL would not store, before it can fail a group.
func checkText(what, text string) error {
	switch {
	case len(text) > maxName:
		return fmt.Errorf("the %s has %d bytes, of %d allowed", what, len(text), maxName)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return fmt.Errorf("the %s is not text", what)
	}
	return nil
}
