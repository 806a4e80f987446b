package actions_test

import (
	"strings"
	"testing"
)

// TestDeployedArtifacts: verify-deploy asks about every line of artifact-digest. An empty one is a step's output that was
// empty, and never an artifact less.
func TestDeployedArtifacts(t *testing.T) {
	t.Parallel()
	web, one := "registry.example.com/web@sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	for text, want := range map[string]int{
		"none": 0, "none\n": 0, web: 1, web + "\n": 1, web + "\r\n" + one + "\r\n": 2, "  " + web + "\n  " + one: 2,
		"": -1, "\n": -1, "   ": -1, "\t\n\n": -1,
		web + "\n\n": -1, "\n" + web: -1, web + "\n\n" + one: -1, web + "\n \n": -1, web + "\n" + "registry.example.com/api@": -1, web + "\nnone": -1,
	} {
		env := map[string]string{
			"INPUT_COMMAND": "verify-deploy", "INPUT_ENVIRONMENT": "production", "INPUT_SERVER-URL": "https://platform.example.com",
			"INPUT_KEY": "k.pem", "INPUT_ARTIFACT-DIGEST": text,
		}
		r, _, _ := runner(t, env)
		in, err := r.Inputs(environ(env))
		if want < 0 && err == nil || want >= 0 && (err != nil || len(in.Digests) != want) {
			t.Errorf("%q is taken for %d artifacts, want %d: %q, %v", text, len(in.Digests), want, in.Digests, err)
		}
	}
	absent := map[string]string{"INPUT_COMMAND": "verify-deploy", "INPUT_ENVIRONMENT": "production"}
	r, _, _ := runner(t, absent)
	if in, err := r.Inputs(environ(absent)); err == nil { // a runner hands "" over so
		t.Errorf("not even the default is there: %+v", in)
	}
}

// TestNoArtifact: the default of artifact-digest is given to no command.
func TestNoArtifact(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"check", "record-tests"} {
		env := map[string]string{"INPUT_COMMAND": command, "INPUT_ARTIFACT-DIGEST": "none"}
		r, _, _ := runner(t, env)
		if in, err := r.Inputs(environ(env)); err != nil || len(in.Digests) > 0 {
			t.Errorf("%s: %q, %v", command, in.Digests, err)
		}
	}
}

func environ(env map[string]string) []string {
	var out []string
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	return out
}
