package control

import (
	"context"
	"log/slog"

	"github.com/org/platform-action/internal/gate"
)

// Step begins a part of the work that somebody watches, and returns what ends it. What is said of it are ids, outcomes and
// counts: nothing that somebody else has written.
type Step func(ctx context.Context, name string, about ...slog.Attr) (context.Context, func(error, ...slog.Attr))

// stepKey finds who watches the work of a context.
type stepKey struct{}

// WithSteps has the work of a context watched.
func WithSteps(ctx context.Context, s Step) context.Context {
	return context.WithValue(ctx, stepKey{}, s)
}

// step begins a part; nobody watches, nothing happens.
func step(ctx context.Context, name string, about ...slog.Attr) (context.Context, func(error, ...slog.Attr)) {
	if s, ok := ctx.Value(stepKey{}).(Step); ok {
		return s(ctx, name, about...)
	}
	return ctx, func(error, ...slog.Attr) {}
}

// weigh decides about a deployment, and lets those know who watch.
func (f *Flow) weigh(ctx context.Context, q gate.Question, k DeploymentKey) gate.Decision {
	_, end := step(ctx, "gate", slog.Int64("run", k.Run), slog.Int("attempt", k.Attempt))
	d := gate.Decide(q)
	end(nil, slog.String("outcome", d.Outcome.String()), slog.String("basis", d.Basis.String()), slog.String("digest", d.Digest))
	f.o.Gate(d.Outcome.String(), d.Basis.String())
	return d
}
