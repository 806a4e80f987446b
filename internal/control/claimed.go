package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
)

// replaced puts a trusted run's plan in the place of evaluated source, and says where the two disagree. A plan that is
// not trusted is mentioned and changes nothing.
func replaced(source Source, uploads []Upload, rules []policy.Rule) (Source, []verdict.Finding) {
	i := slices.IndexFunc(uploads, func(u Upload) bool { return u.Root == source.Name })
	if i < 0 {
		return source, nil
	}
	u := uploads[i]
	note := verdict.Finding{ID: "plan-claimed", Title: "An uploaded plan does not decide", Severity: verdict.Warn, Project: source.Name}
	if !u.Trusted {
		note.Message = "a workflow run uploaded a plan of this root, which is not believed: " + u.Why
		return source, []verdict.Finding{note}
	}
	d, digest, err := parseUpload(u.Document)
	if err != nil {
		note.Message = "the uploaded plan of this root can no longer be read: " + err.Error()
		return source, []verdict.Finding{note}
	}
	if d.Plan.Digest == "" {
		d.Plan.Digest = digest
	}
	findings := append(differences(source, d.Plan), unread(d, rules)...)
	d.Plan.Name = source.Name
	placed(d.Plan.Resources, source.Plan.Resources)
	return Source{Name: source.Name, Plan: d.Plan, Infracost: source.Infracost}, findings
}

// placed gives the plan's resources the lines that source knows.
func placed(planned, evaluated []fact.Resource) {
	at := map[string]*fact.Resource{}
	for i := range evaluated {
		at[evaluated[i].Address] = &evaluated[i]
	}
	for i := range planned {
		if r := at[planned[i].Address]; r != nil && planned[i].File == "" {
			planned[i].File, planned[i].Line = r.File, r.Line
		}
	}
}

// differences compares what a plan and the source add and delete, by type. Where the source cannot count, nothing is
// compared.
func differences(source Source, planned fact.Plan) []verdict.Finding {
	if len(source.Plan.Faults) > 0 {
		return nil
	}
	theirs, ours, uncounted := map[string][2]int{}, map[string][2]int{}, map[string]bool{}
	count(planned.Resources, theirs, uncounted)
	count(source.Plan.Resources, ours, uncounted)
	var out []verdict.Finding
	types := maps.Clone(theirs)
	maps.Copy(types, ours)
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		a, b := theirs[typ], ours[typ]
		if a == b || uncounted[typ] {
			continue
		}
		out = append(out, verdict.Finding{
			ID: "plan-differs-from-source", Title: "Plan and source disagree", Severity: verdict.Undecided, Project: source.Name,
			Message: fmt.Sprintf("%s: the uploaded plan adds %d and deletes %d, the source adds %d and deletes %d", typ, a[0], a[1], b[0], b[1]),
			Fix:     "bring the state up to date with the default branch and plan again, or plan the commit that is to be merged",
		})
	}
	return out
}

func count(list []fact.Resource, into map[string][2]int, uncounted map[string]bool) {
	for i := range list {
		r := &list[i]
		n := into[r.Type]
		switch {
		case r.Data:
			continue
		case r.Uncounted != "":
			uncounted[r.Type] = true
			continue
		case r.Action == fact.Create:
			n[0]++
		case r.Action == fact.Delete:
			n[1]++
		default:
			continue
		}
		into[r.Type] = n
	}
}

// unread are the rules that look at attributes which the upload does not carry: they would find nothing for ever.
func unread(d UploadDocument, rules []policy.Rule) []verdict.Finding {
	var out []verdict.Finding
	for _, rule := range rules {
		if rule.Disabled {
			continue
		}
		for typ, kept := range d.Kept {
			for pattern, attributes := range rule.Reads {
				if prefix, star := strings.CutSuffix(pattern, "*"); pattern != typ && (!star || !strings.HasPrefix(typ, prefix)) {
					continue
				}
				for _, name := range attributes {
					if !slices.Contains(kept, name) {
						out = append(out, verdict.Finding{
							ID: "plan-lacks", Title: "The uploaded plan lacks an attribute", Severity: verdict.Undecided,
							Message: fmt.Sprintf("%s reads %s of %s, which the upload does not carry", rule.ID, name, typ),
							Fix:     "upload with a platform program that knows this rule (--policy DIR), or without a plan",
						})
					}
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b verdict.Finding) int { return strings.Compare(a.Message, b.Message) })
	return out[:min(len(out), 20)]
}
