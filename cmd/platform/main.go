// Command platform prices Terraform plans and judges them by policy, on one machine, without a network.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

// version is set by the linker (-X main.version=v1.2.3).
var version = "dev" //nolint:gochecknoglobals // the linker can set nothing else

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process, whatever it waits for
	code := run(ctx, arguments(os.Args), streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv,
		outTTY: term.IsTerminal(int(os.Stdout.Fd())), errTTY: term.IsTerminal(int(os.Stderr.Fd())),
		width: func() int { w, _, _ := term.GetSize(int(os.Stdout.Fd())); return w }, now: time.Now,
	})
	stop()
	os.Exit(code)
}
