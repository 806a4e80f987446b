package github_test

import (
	"fmt"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestBetween: every page of what lies between two commits is read, up to a bound, beyond which it says so.
func TestBetween(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	line := []string{w.repo.Head("main")}
	for i := range 501 {
		line = append(line, w.repo.Commit("main", map[string]string{"README.md": fmt.Sprint("# ", i, "\n")}))
	}
	for count, calls := range map[int]int{0: 1, 1: 1, 100: 1, 101: 2, 500: 5, 501: 1} {
		w.hub.ResetLog()
		list, whole, err := w.app.Between(t.Context(), w.r, line[len(line)-1-count], line[len(line)-1])
		if err != nil || whole != (count <= 500) || whole && len(list) != count || len(w.hub.Log()) > calls+1 {
			t.Errorf("%d commits: %d of them, whole %t, %d calls, %v", count, len(list), whole, len(w.hub.Log()), err)
		}
		for _, c := range list {
			if len(c.Parents) != 1 {
				t.Errorf("%+v", c)
			}
		}
	}
}
