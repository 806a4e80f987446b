// Package store is everything that the server remembers and its queue of work, on SQLite or PostgreSQL alike.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/org/platform-action/internal/control"
)

// ErrClosed is what every method answers after Close.
var ErrClosed = errors.New("the store is closed")

// ErrNoEntry says that a cache entry or a credential is not there.
var ErrNoEntry = errors.New("no such entry")

// Store is the database. It is safe for concurrent use.
type Store struct {
	o       Options
	log     *slog.Logger
	db      database
	jobs    client
	commits *committer
	inbox   inbox
	asIs    bool   // nothing is made or migrated
	schema  fs.FS  // the migrations
	replica string // who works: the id of the River client
	handler atomic.Pointer[control.Handler]

	life   context.Context // of the store itself: for work that no caller waits for; ends at Close
	end    context.CancelFunc
	beats  sync.WaitGroup
	mu     sync.Mutex // guards what follows
	halt   context.CancelFunc
	begun  bool
	closed atomic.Bool
}

// Open connects, brings the schema up to date and is ready to take work; Start begins to do it. The error says what to
// check, never a password.
func Open(ctx context.Context, o Options) (*Store, error) { return newStore(ctx, o, migrations, false) }

// OpenAsIs opens what is there, to look at it: it makes and migrates nothing. ErrOlder says that a server has to start
// first, fs.ErrNotExist that none ever did.
func OpenAsIs(ctx context.Context, o Options) (*Store, error) {
	return newStore(ctx, o, migrations, true)
}

func newStore(ctx context.Context, o Options, schema fs.FS, asIs bool) (*Store, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	target, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{o: o, asIs: asIs, schema: schema, log: o.Log, replica: uuid.NewString()}
	// The store outlives the call that opens it; Close ends it.
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.connect(ctx, target); err != nil {
		s.end()
		return nil, target.explain(err)
	}
	s.commits = newCommitter(s.life, s.db, s.settle) //nolint:contextcheck // it lives as long as the store
	return s, nil
}

func (s *Store) connect(ctx context.Context, target location) error {
	open := openPostgres
	if target.file != "" {
		open = openSQLite
	}
	var err error
	s.db, s.jobs, err = open(ctx, target, s)
	return err
}

// Close ends the store. Running tasks are cut off, and done again by whoever comes next: call Stop first.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	err := s.cutOff()
	s.commits.close()
	s.end()
	return errors.Join(err, s.db.close())
}

// Ready says whether the store can write and, once started, whether the queue is alive.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.writeBeat(ctx); err != nil {
		return fmt.Errorf("the database takes no writes: %w", err)
	}
	s.mu.Lock()
	begun := s.begun
	s.mu.Unlock()
	if !begun {
		return nil
	}
	select {
	case <-s.jobs.Stopped():
		return errors.New("the queue has stopped")
	default:
		return nil
	}
}

func (s *Store) usable() error {
	if s.closed.Load() {
		return ErrClosed
	}
	return nil
}

// write runs do in a transaction: on SQLite together with what others write at that moment.
func (s *Store) write(ctx context.Context, do func(ctx context.Context, b *batch) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.commits.write(ctx, do, s.db.grouped())
}

var (
	_ control.Inbox   = (*Store)(nil)
	_ control.Queue   = (*Store)(nil)
	_ control.Records = (*Store)(nil)
)
