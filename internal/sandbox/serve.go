package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/memfs"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
)

const (
	maxMemory = 1 << 30 // bytes of data; beyond them the process ends
	softly    = 3 << 28 // from here on, memory is collected eagerly
	maxCPU    = 30      // seconds
)

// Serve answers one request, in a process of its own. It bounds the process before it reads anything.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	debug.SetMemoryLimit(softly)
	if err := bound(maxMemory, maxCPU); err != nil {
		return err
	}
	var r request
	d := json.NewDecoder(in)
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		return err
	}
	a := reply(ctx, r)
	return json.NewEncoder(out).Encode(a)
}

func reply(ctx context.Context, r request) answer {
	options := policy.Options{Disabled: r.Disabled}
	for _, b := range r.Bundles {
		files := memfs.New()
		for name, data := range b.Files {
			files.Add(name, data)
		}
		options.Bundles = append(options.Bundles, policy.Bundle{Name: b.Name, FS: files})
	}
	set, err := policy.Compile(ctx, options)
	if theirs, ok := errors.AsType[*policy.PolicyError](err); ok {
		return answer{Faults: theirs.Faults}
	}
	if err != nil {
		return answer{Fault: err.Error()}
	}
	if r.Question == nil {
		return answer{Rules: set.Rules(), Bundles: set.Bundles()}
	}
	input, err := r.Question.input()
	if err != nil {
		return answer{Fault: err.Error()}
	}
	var a answer
	if r.Question.Explain != "" {
		a.Explanation, err = set.Explain(ctx, r.Question.Explain, input)
	} else {
		a.Result, err = set.Evaluate(ctx, input)
	}
	if err != nil {
		return answer{Fault: err.Error()}
	}
	return a
}

func (q *question) input() (policy.Input, error) {
	in := policy.Input{
		Facts: fact.Facts{Plan: fact.Missing[fact.Plan](q.PlanWhy), Estimate: fact.Missing[fact.Estimate](q.EstimateWhy),
			Evidence: fact.Missing[fact.Evidence](q.EvidenceWhy), Deployment: fact.Missing[fact.Deployment](q.DeploymentWhy), Params: q.Params},
		Raw: reader(q.Raw, q.RawWhy), Infracost: reader(q.Infracost, q.InfracostWhy),
	}
	if q.Plan != nil {
		in.Facts.Plan = fact.Of(*q.Plan)
	}
	if q.Estimate != nil {
		if err := render.Denominate(q.Estimate); err != nil {
			return in, err
		}
		in.Facts.Estimate = fact.Of(*q.Estimate)
	}
	if q.Evidence != nil {
		in.Facts.Evidence = fact.Of(*q.Evidence)
	}
	if q.Deployment != nil {
		in.Facts.Deployment = fact.Of(*q.Deployment)
	}
	return in, nil
}

func reader(data json.RawMessage, why string) func() (any, error) {
	return func() (any, error) {
		if why != "" {
			return nil, errors.New(why)
		}
		var v any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		err := d.Decode(&v)
		return v, err
	}
}
