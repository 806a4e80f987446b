// Command demo runs the main job once, on the plan of a web shop on three clouds: the verdict as a terminal shows
// it, as the pull request comment, and as a page; then the App, on a pull request at a stand-in for GitHub.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"golang.org/x/term"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/render/preview"
)

func main() {
	binary := flag.String("platform", "bin/platform", "the program to run")
	dir := flag.String("dir", "testdata/demo", "folder with plan.json, platform.yml and usage.yml")
	out := flag.String("out", "out", "folder for the comment and the pages")
	app := flag.String("app", "bin/platform-app", "the server's program")
	stay := flag.Bool("serve", false, "keep the App up until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *binary, *dir, *out)
	if err == nil {
		err = withApp(ctx, *app, *binary, *dir, *out, *stay)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, dir, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	args := []string{
		"check", filepath.Join(dir, "plan.json"), "--config", filepath.Join(dir, "platform.yml"), "--usage", filepath.Join(dir, "usage.yml"),
	}
	fmt.Printf("$ platform %s %s --config … --usage …\n\n", args[0], args[1])
	code, text, err := platform(ctx, binary, append(args, "--format", "json"))
	if err != nil {
		return err
	}
	report, err := render.ReadJSON(text)
	if err != nil {
		return err
	}
	tty := term.IsTerminal(int(os.Stdout.Fd()))
	if err := render.Render(os.Stdout, render.Text, report, render.Options{TTY: true, Color: tty && os.Getenv("NO_COLOR") == ""}); err != nil {
		return err
	}
	fmt.Printf("\nexit code %d\n\n", code)
	if err := pages(ctx, binary, args, out); err != nil {
		return err
	}
	return source(ctx, binary, dir)
}

// source runs the estimate on the folder itself, without a plan.
func source(ctx context.Context, binary, dir string) error {
	fmt.Printf("\nThe same folder without a plan, evaluated from its source:\n\n$ platform cost %s --usage …\n\n", dir)
	_, text, err := platform(ctx, binary, []string{"cost", dir, "--usage", filepath.Join(dir, "usage.yml"), "--format", "json"})
	if err != nil {
		return err
	}
	report, err := render.ReadJSON(text)
	if err != nil {
		return err
	}
	for i := range report.Projects { // the lines are those of the plan above
		if e, ok := report.Projects[i].Estimate.Get(); ok {
			e.Resources = nil
			report.Projects[i].Estimate = fact.Of(e)
		}
	}
	return render.Render(os.Stdout, render.Text, report, render.Options{TTY: true})
}

// pages writes the comment, the comment as GitHub shows it, and the report.
func pages(ctx context.Context, binary string, args []string, out string) error {
	_, comment, err := platform(ctx, binary, append(args, "--format", "markdown"))
	if err != nil {
		return err
	}
	fmt.Printf("The pull request comment:\n\n%s\n", comment)
	page, err := preview.CommentPage(string(comment))
	if err != nil {
		return err
	}
	_, html, err := platform(ctx, binary, append(args, "--format", "html"))
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"comment.md": comment, "comment.html": page, "report.html": html} {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return err
		}
	}
	abs, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	fmt.Printf("As pages: file://%s (the comment), file://%s (the report)\n", filepath.Join(abs, "comment.html"), filepath.Join(abs, "report.html"))
	return nil
}

// platform runs the program; codes 0 and 1 are verdicts, anything else is a fault of the demo.
func platform(ctx context.Context, binary string, args []string) (int, []byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return 1, stdout.Bytes(), nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s %v: %w\n%s", binary, args, err, stderr.Bytes())
	}
	return 0, stdout.Bytes(), nil
}
