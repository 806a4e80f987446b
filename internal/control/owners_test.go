package control

import (
	"strings"
	"testing"
)

func TestOwners(t *testing.T) {
	t.Parallel()
	owners := parseOwners([]byte("# all\n* @all # behind\n*.js @js\n/build/logs/ @logs\ndocs/* docs@example.org\napps/ @apps\n/scripts/ @a @b/team\n/.github/ @ops\n/.github/free\n[x] @never\n"))
	for name, want := range map[string]string{
		"README.md": "@all", "src/a.js": "@js", "build/logs/a/b": "@logs", "x/build/logs/a": "@all", "docs/a.md": "docs@example.org",
		"docs/sub/a.md": "@all", "apps/a": "@apps", "x/apps/y/a": "@apps", "scripts/x": "@a @b/team", ".github/workflows/ci.yml": "@ops",
		".github/free": "", "x": "@all", "buildlogs": "@all",
	} {
		if got := strings.Join(owners.of(name), " "); got != want {
			t.Errorf("%s is owned by %q, want %q", name, got, want)
		}
	}
	if got := codeOwners(nil).of("x"); got != nil {
		t.Errorf("without a file, %v own it", got)
	}
}

// TestApprovals: only a last word that is an approval, of a person and of this very head, is one.
func TestApprovals(t *testing.T) {
	t.Parallel()
	say := func(id int64, state, commit, kind string) Review {
		return Review{Person{ID: id, Login: "l", Kind: kind}, state, commit}
	}
	for name, c := range map[string]struct {
		reviews []Review
		want    int
	}{
		"approved":                {[]Review{say(1, "APPROVED", "h", "User")}, 1},
		"a remark behind it":      {[]Review{say(1, "APPROVED", "h", "User"), say(1, "COMMENTED", "h", "User")}, 1},
		"an earlier head":         {[]Review{say(1, "APPROVED", "g", "User")}, 0},
		"changes asked for":       {[]Review{say(1, "APPROVED", "h", "User"), say(1, "CHANGES_REQUESTED", "h", "User")}, 0},
		"dismissed":               {[]Review{say(1, "DISMISSED", "h", "User")}, 0},
		"a bot":                   {[]Review{say(1, "APPROVED", "h", "Bot")}, 0},
		"two people":              {[]Review{say(1, "APPROVED", "h", "User"), say(2, "APPROVED", "h", "User")}, 2},
		"an account that is gone": {[]Review{say(0, "APPROVED", "h", "User")}, 0},
	} {
		if got := approving(c.reviews, "h"); len(got) != c.want {
			t.Errorf("%s: %v, want %d", name, got, c.want)
		}
	}
}
