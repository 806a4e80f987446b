package infracost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Engine runs Infracost's own program.
type Engine struct {
	Program string        // path of the program
	Env     []string      // its whole environment: Environment makes it
	Timeout time.Duration // defaults to 5 min
	Limits  Limits
}

// EngineError says that the program could not be had an estimate from. Nothing was decided.
type EngineError struct{ Message string }

// Error implements error.
func (e *EngineError) Error() string { return e.Message }

const (
	defaultTimeout = 5 * time.Minute
	killDelay      = 2 * time.Second // between the deadline and closing the pipes that a grandchild may hold
	complaint      = 2000            // bytes of what it says on standard error
)

// Environment keeps what the program needs of an environment, and nothing that is somebody else's secret.
func Environment(all []string) []string {
	keep := []string{
		"PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LANG", "USERPROFILE", "SYSTEMROOT", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	}
	var out []string
	for _, pair := range all {
		name, _, _ := strings.Cut(pair, "=")
		if slices.Contains(keep, name) || strings.HasPrefix(name, "INFRACOST_") && !strings.Contains(name, "CLOUD") || strings.HasPrefix(name, "TF_VAR_") {
			out = append(out, pair)
		}
	}
	return append(out, "INFRACOST_SKIP_UPDATE_CHECK=true", "INFRACOST_ENABLE_CLOUD=false", "INFRACOST_LOG_LEVEL=warn")
}

// Breakdown asks the program for the estimate of one path. arguments are further flags of its breakdown command. That
// it ends with 0 says nothing: faults and missing prices are in the report.
func (e *Engine) Breakdown(ctx context.Context, path string, arguments ...string) (Report, error) {
	timeout := e.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// The path is a value of its flag and can begin with a dash without being a flag.
	cmd := exec.CommandContext(limited, e.Program, append([]string{"breakdown", "--path=" + path, "--format=json", "--no-color"}, arguments...)...)
	cmd.Env, cmd.WaitDelay = e.Env, killDelay
	alone(cmd)
	said := &tail{}
	most := e.Limits.MaxBytes
	if most <= 0 {
		most = 512 << 20
	}
	answer := &bounded{most: most, over: cancel}
	cmd.Stdout, cmd.Stderr = answer, said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return Report{}, ctx.Err()
	case answer.full:
		return Report{}, &EngineError{fmt.Sprintf("infracost wrote more than %d bytes: raise --max-bytes", most)}
	case limited.Err() != nil:
		return Report{}, &EngineError{fmt.Sprintf("infracost did not answer within %s%s", timeout, said)}
	case err != nil:
		return Report{}, &EngineError{fmt.Sprintf("infracost failed: %v%s", err, said)}
	}
	r, err := Read("the answer of infracost", &answer.text, e.Limits)
	if wrong, ok := errors.AsType[*Error](err); ok {
		return r, &EngineError{fmt.Sprintf("%s: %s %s%s", wrong.Name, wrong.At, wrong.Message, said)}
	}
	return r, err
}

// bounded keeps what is written to it up to a bound, and then ends the writer.
type bounded struct {
	text bytes.Buffer
	most int64
	full bool
	over func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(b.text.Len()+len(p)) > b.most {
		b.full = true
		b.over()
		return 0, errTooLarge
	}
	return b.text.Write(p)
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - complaint; over > 0 {
		t.kept = slices.Clone(t.kept[over:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	if len(bytes.TrimSpace(t.kept)) == 0 {
		return ""
	}
	return ": it said: " + clean(string(bytes.TrimSpace(t.kept)))
}
