package control

import (
	"context"
	"slices"
	"strings"
)

// deepestCall is how far workflows that call one another are followed; GitHub allows four levels.
const deepestCall = 5

// deployingJobs are the ids of a workflow's jobs that name an environment, or may: those of workflows of this repository
// that it calls are named CALLER/JOB. A workflow that cannot be looked into may name any.
func (f *Flow) deployingJobs(ctx context.Context, r Repository, commit, workflow, environment string) ([]string, error) {
	names := jobNames{flow: f, r: r, commit: commit, files: map[string]workflowFile{}}
	out, err := names.entering(ctx, workflow, environment, "", deepestCall)
	slices.Sort(out)
	return out, err
}

func (n jobNames) entering(ctx context.Context, workflow, environment, caller string, depth int) ([]string, error) {
	w, err := n.file(ctx, workflow)
	if err != nil {
		return nil, err
	}
	var out []string
	for id, j := range w.jobs {
		path, local := strings.CutPrefix(j.calls, "./")
		switch {
		case j.calls == "" && j.enters == "":
		case j.calls == "":
			if couldBe(j.enters, environment) {
				out = append(out, caller+id)
			}
		case local && depth > 0:
			inner, err := n.entering(ctx, path, environment, caller+id+"/", depth-1)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
		default:
			out = append(out, caller+id) // it may name any
		}
	}
	return out, nil
}
