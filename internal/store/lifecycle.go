package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/org/platform-action/internal/control"
)

// hardStop is how long tasks may take to end once they were told to.
const hardStop = 5 * time.Second

// Start begins to work: first on what dead replicas of this host left behind. It goes on until Stop or Close, whatever
// becomes of ctx.
func (s *Store) Start(ctx context.Context, h control.Handler) error { //nolint:contextcheck // its loops live as long as the store
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	if s.begun {
		return errors.New("the store is started already")
	}
	s.handler.Store(&h)
	if err := s.writeBeat(ctx); err != nil {
		return fmt.Errorf("registering this replica: %w", err)
	}
	if err := s.buryDead(ctx); err != nil {
		return fmt.Errorf("looking for dead replicas: %w", err)
	}
	if err := s.reclaim(ctx); err != nil {
		return fmt.Errorf("reclaiming the tasks of dead replicas: %w", err)
	}
	if err := s.jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the queue: %w", err)
	}
	var life context.Context
	life, s.halt = context.WithCancel(s.life)
	s.begun = true
	// Two loops: taking over from others must not hold up the sign that we live.
	s.beats.Go(func() {
		s.tick(life, "the heartbeat failed: other replicas will take this one's tasks over", s.writeBeat)
	})
	s.beats.Go(func() { s.tick(life, "looking for dead replicas failed", s.takeCare) })
	return nil
}

// Stop takes no new tasks and waits for the running ones. When ctx ends first they are told to end, and are done again
// by whoever comes next.
func (s *Store) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		return nil
	}
	err := s.jobs.Stop(ctx)
	if err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardStop)
		defer cancel()
		if hardErr := s.jobs.StopAndCancel(hard); hardErr != nil {
			err = fmt.Errorf("tasks did not end when they were told to: %w", hardErr)
		} else {
			err = fmt.Errorf("running tasks were cut off and will be done again: %w", err)
		}
	}
	s.begun = false
	s.halt()
	s.beats.Wait()
	return errors.Join(err, s.leave(context.WithoutCancel(ctx)))
}

// cutOff is Stop with no time to wait.
func (s *Store) cutOff() error {
	now, cancel := context.WithCancel(s.life)
	cancel()
	err := s.Stop(now)
	if errors.Is(err, context.Canceled) {
		return nil // that is what Close is for
	}
	return err
}

// tick does something at every heartbeat.
func (s *Store) tick(ctx context.Context, failed string, do func(context.Context) error) {
	ticker := time.NewTicker(s.o.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := do(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, failed, "error", err)
		}
	}
}

// takeCare takes over from dead replicas, and of tasks that have lost their job.
func (s *Store) takeCare(ctx context.Context) error {
	return errors.Join(s.reclaim(ctx), s.restart(ctx))
}

// leave removes this replica from the list: what it left running, if anything, is anybody's at once.
func (s *Store) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, hardStop)
	defer cancel()
	return s.commits.write(ctx, func(ctx context.Context, b *batch) error {
		_, err := b.exec(ctx, `DELETE FROM replica WHERE id = $1`, s.replica)
		return err
	}, s.db.grouped())
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown" // then only heartbeats tell who lives
	}
	return name
}
