package web

import (
	"context"
	"encoding/json"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
)

// tests reads what was decided on whether a commit was tested; nil where nothing asks.
func (p *pages) tests(ctx context.Context, t control.Tenant, head string) (*testsView, error) {
	c, known, err := p.o.Records.TestedCheck(ctx, t, head)
	if err != nil || !known {
		return nil, err
	}
	if c.Decided == "" {
		return &testsView{Waiting: true}, nil
	}
	entry, found, err := p.o.Records.EntryOf(ctx, t, c.Decided)
	if err != nil {
		return nil, err
	}
	v := testsView{At: entry.At, Records: map[string]evidence.Record{}}
	if !found || json.Unmarshal(entry.Body, &v) != nil {
		return &testsView{Broken: true}, nil
	}
	v.Entry = entry
	search := control.EvidenceSearch{}
	for _, part := range v.Parts {
		search.Trees = append(search.Trees, part.Tree)
		for _, s := range part.Suites {
			search.Suites = append(search.Suites, s.Name)
		}
	}
	records, err := p.o.Records.Evidence(ctx, t, search)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		v.Records[r.ID()] = r
	}
	return &v, nil
}

// Ran is what the record of a suite says; nil where it is gone, or was made on another tree.
func (v *testsView) Ran(s testsSuite) *ranView {
	r, known := v.Records[s.Record]
	if !known {
		return nil
	}
	for _, suite := range r.Suites {
		if suite.Name == s.Name {
			return &ranView{suite, r.Producer, r.Assurance}
		}
	}
	return nil
}

type ranView struct {
	evidence.Suite

	Producer  evidence.Producer
	Assurance evidence.Assurance
}
