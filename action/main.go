// Command action is the container Action: it reads plans or source in a workflow's job and shows one verdict, with
// nothing but the job's own token.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is set by the linker (-X main.version=v1.2.3).
var version = "dev" //nolint:gochecknoglobals // the linker can set nothing else

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process, whatever it waits for
	code := run(ctx, process{env: os.Getenv, environ: os.Environ(), out: os.Stdout, now: time.Now, chdir: os.Chdir})
	stop()
	os.Exit(code)
}
