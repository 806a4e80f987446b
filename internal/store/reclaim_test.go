package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// child is a server that takes tasks and never ends them.
func child(url string) {
	s, err := Open(context.Background(), options(url))
	if err != nil {
		panic(err)
	}
	err = s.Start(context.Background(), func(context.Context, control.Task, int) error {
		fmt.Println("taken")
		select {}
	})
	if err != nil {
		panic(err)
	}
	select {}
}

// startChild starts it, and returns when it has taken as many tasks.
func startChild(t *testing.T, url string, tasks int) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+url)
	cmd.Stderr = os.Stderr
	out := must[interface{ Read([]byte) (int, error) }](t)(pipe(cmd))
	ok(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for range tasks {
		if !lines.Scan() {
			t.Fatal("the child ended by itself")
		}
	}
	return cmd
}

func pipe(cmd *exec.Cmd) (interface{ Read([]byte) (int, error) }, error) { return cmd.StdoutPipe() }

func TestReclaimAfterKill(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		o.Heartbeat = time.Minute // so that only the look at dead processes can find them
		s := open(t, o)
		for i := range 5 {
			ok(t, s.Want(ctx, task(fmt.Sprint(i))))
		}
		cmd := startChild(t, url, 5)
		ok(t, cmd.Process.Kill())
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended well")
		}
		attempts := make(chan int, 10)
		began := time.Now()
		start(t, s, func(_ context.Context, _ control.Task, attempt int) error {
			attempts <- attempt
			return nil
		})
		for range 5 {
			if n := receive(t, attempts, "a task of the dead"); n != 2 {
				t.Errorf("attempt %d", n)
			}
		}
		t.Logf("reclaimed in %s", time.Since(began))
		idle(t, s)
	})
}

// TestReclaimByHeartbeat: a replica of which only the heartbeat tells is taken over by one that runs already.
func TestReclaimByHeartbeat(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		s := open(t, o)
		for i := range 3 {
			ok(t, s.Want(ctx, task(fmt.Sprint(i))))
		}
		cmd := startChild(t, url, 3)
		attempts := make(chan int, 10)
		start(t, s, func(_ context.Context, _ control.Task, attempt int) error {
			attempts <- attempt
			return nil
		})
		ok(t, s.put(ctx, `UPDATE replica SET host = 'elsewhere' WHERE id <> $1`, s.replica))
		ok(t, cmd.Process.Kill())
		cmd.Wait() //nolint:errcheck // it was killed
		for range 3 {
			if n := receive(t, attempts, "a task of the dead"); n != 2 {
				t.Errorf("attempt %d", n)
			}
		}
		idle(t, s)
	})
}

// TestLateWorkerDoesNoHarm: an attempt that was given up although its worker lived ends without any effect.
func TestLateWorkerDoesNoHarm(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, log := context.Background(), &recorder{}
		o := options(url)
		o.Log = log.log()
		o.Workers = 1 // so that the slow one takes no other attempt
		slow, quick := open(t, o), open(t, options(url))
		begun, release := make(chan bool, 1), make(chan bool)
		second, finish := make(chan int, 1), make(chan bool)
		var calls atomic.Int32
		start(t, slow, func(_ context.Context, _ control.Task, attempt int) error {
			if calls.Add(1) > 1 {
				second <- attempt // once it is free, it works like any other
				return nil
			}
			begun <- true
			<-release
			return &control.Parked{Reason: "must not be written"}
		})
		ok(t, slow.Want(ctx, task("x")))
		receive(t, begun, "the slow worker")
		// Its heart stops: as far as others can see, it is dead.
		slow.halt()
		slow.beats.Wait()
		start(t, quick, func(_ context.Context, _ control.Task, attempt int) error {
			second <- attempt
			<-finish
			return nil
		})
		if n := receive(t, second, "the other replica"); n != 2 {
			t.Errorf("attempt %d", n)
		}
		close(release)
		eventually(t, "the late worker's end", func() bool { return log.String() != "" })
		// While the second attempt runs, its key is still taken: a new wish makes no third one beside it.
		ok(t, quick.Want(ctx, task("x")))
		if n := must[[]ParkedTask](t)(quick.Parked(ctx, 9)); len(n) != 0 {
			t.Errorf("the late worker parked the task: %+v", n)
		}
		close(finish)
		receive(t, second, "what was wanted meanwhile")
		idle(t, quick)
	})
}

func TestTaskThatKillsItsServerIsParked(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		ok(t, s.Want(ctx, task("deadly")))
		for range 3 {
			cmd := startChild(t, url, 1)
			ok(t, cmd.Process.Kill())
			cmd.Wait() //nolint:errcheck // it was killed
			ok(t, s.buryDead(ctx))
			ok(t, s.reclaim(ctx))
		}
		got := must[[]ParkedTask](t)(s.Parked(ctx, 9))
		if len(got) != 1 || got[0].Attempts != 3 {
			t.Errorf("%+v", got)
		}
	})
}

func TestTwoStoresShareTheWork(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		o.Heartbeat = 0 // nobody dies here, also on a slow machine
		a, b := open(t, o), open(t, o)
		var mu sync.Mutex
		var once sync.Once
		did := map[string]int{}
		var byA, byB atomic.Int64
		both := make(chan struct{}) // each has begun something: before that, nothing ends, however slow one of them is
		handler := func(n *atomic.Int64) control.Handler {
			return func(ctx context.Context, k control.Task, _ int) error {
				n.Add(1)
				if byA.Load() > 0 && byB.Load() > 0 {
					once.Do(func() { close(both) })
				}
				select {
				case <-both:
				case <-ctx.Done():
					return ctx.Err()
				}
				mu.Lock()
				defer mu.Unlock()
				did[k.Subject]++
				return nil
			}
		}
		var wg sync.WaitGroup
		const tasks = 400
		start(t, a, handler(&byA))
		start(t, b, handler(&byB))
		for i := range tasks {
			wg.Go(func() {
				if err := []*Store{a, b}[i%2].Want(ctx, task(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		idle(t, a)
		mu.Lock()
		defer mu.Unlock()
		for subject, n := range did {
			if n != 1 {
				t.Errorf("%s was done %d times", subject, n)
			}
		}
		if len(did) != tasks || byA.Load() == 0 || byB.Load() == 0 {
			t.Errorf("%d tasks done, %d by one and %d by the other", len(did), byA.Load(), byB.Load())
		}
	})
}

func TestStrayTasksGetAJobAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		var ahead atomic.Int64
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		s := open(t, o)
		ok(t, s.Want(ctx, task("lost"), task("kept")))
		ok(t, s.put(ctx, `DELETE FROM river_job WHERE id = (SELECT min(id) FROM river_job)`))
		ahead.Store(int64(time.Hour))
		ok(t, s.restart(ctx))
		if n := count(t, s, "river_job"); n != 2 {
			t.Errorf("%d jobs", n)
		}
	})
}

func TestProcesses(t *testing.T) {
	t.Parallel()
	self := os.Getpid()
	if !alive(self, processStart(self)) || !alive(self, 0) {
		t.Error("we are dead")
	}
	if processStart(self) != 0 && alive(self, processStart(self)+1) {
		t.Error("an earlier process of our id lives")
	}
	cmd := exec.CommandContext(t.Context(), "true")
	ok(t, cmd.Run())
	if alive(cmd.Process.Pid, 0) {
		t.Error("a process that ended lives")
	}
}

func TestClosed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		ok(t, s.Ready(ctx))
		start(t, s, func(context.Context, control.Task, int) error { return nil })
		ok(t, s.Ready(ctx))
		ok(t, s.Close())
		ok(t, s.Close())
		_, err := s.Accept(ctx, delivery("a"), nil)
		_, _, recall := s.Recall(ctx, tenant, "x")
		_, record := s.Record(ctx, tenant, control.VerdictRecord{})
		_, stats := s.Stats(ctx)
		_, parked := s.Parked(ctx, 1)
		_, cached := s.Cache(tenant).Get("x")
		for i, err := range []error{
			err, recall, record, stats, parked, cached, s.Want(ctx, task("x")), s.Ready(ctx), s.Collect(ctx), s.Start(ctx, nil),
			s.SaveRepository(ctx, control.Repository{}), s.Revive(ctx, 1), s.Cache(tenant).Set("x", nil), s.PutSecret(ctx, "a", nil),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%d: %v", i, err)
			}
		}
		ok(t, s.Stop(ctx))
	})
}
