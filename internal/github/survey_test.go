package github

import "testing"

// TestOwnedGitHub: the last pattern that matches holds, and what is not surely judged is not known.
func TestOwnedGitHub(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "no", "* @a": "yes", "* @a\n*.md @b": "yes", "/.github/ @a": "yes", "/.github/ @a\n* ": "no", "*.yml @a": "unknown", "/.github/workflows/ @a": "unknown",
		"# * @a": "no", "/src/ @a": "no", "* @a\n/.github/workflows/": "unknown", "* @a # b": "yes",
	} {
		got := "unknown"
		if owned, ok := ownedGitHub(text).Get(); ok {
			got = map[bool]string{true: "yes", false: "no"}[owned]
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
