// Command app is the server: it takes GitHub's webhooks, judges pull requests and publishes the verdicts.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/sandbox"
	"github.com/org/platform-action/internal/sink"
)

// sandboxArgument makes the program a process that asks policies of others: the server starts it, nobody else has to.
const sandboxArgument = "--sandbox"

// version is set by the linker (-X main.version=v1.2.3).
var version = "dev" //nolint:gochecknoglobals // the linker can set nothing else

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process, whatever it waits for
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args, variables []string, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 1 && args[0] == "--version":
		_, _ = fmt.Fprintln(stdout, version)
		return 0
	case len(args) == 1 && args[0] == sandboxArgument:
		if err := sandbox.Serve(ctx, os.Stdin, stdout); err != nil {
			_, _ = fmt.Fprintln(stderr, err)
			return 1
		}
		return 0
	case len(args) > 0:
		return keep(ctx, args, variables, stdout, stderr)
	}
	c, err := environ.Load(variables)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	sinks, err := sink.Load(c.EventSinksFile)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "configuration: PLATFORM_EVENT_SINKS_FILE: "+strings.ReplaceAll(err.Error(), "\n", "\nconfiguration: PLATFORM_EVENT_SINKS_FILE: "))
		return 2
	}
	log := newLog(c, stderr)
	t := newTracing(ctx, variables, log)
	if t.on() {
		log = slog.New(traced{log.Handler()})
	}
	defer t.end(ctx)
	if err := serve(ctx, c, sinks, t, log); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
