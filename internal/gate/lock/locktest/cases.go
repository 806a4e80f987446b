package locktest

import (
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

// Case is an answer to a job of Env that deploys Digest to production without a checkout, and what the job must make of it.
type Case struct {
	App      App
	Exit     int
	Decision string // that is believed; empty: none
	Code     string // that is shown
	Says     string // somewhere
}

// Cases has each answer, and each way in which one may pass for another.
func Cases() map[string]*Case {
	said := func(outcome string) func(v *seal.Verdict) {
		return func(v *seal.Verdict) { v.Outcome, v.Basis = outcome, "unknown" }
	}
	forged := func(says string, change func(v *seal.Verdict)) *Case {
		return &Case{App: App{Change: change}, Exit: 1, Says: says}
	}
	return map[string]*Case{
		"approved":                {Exit: 0, Decision: "approved", Code: "tested", Says: "production of commit ccc"},
		"of a called job":         {App: App{Change: func(v *seal.Verdict) { v.Subject.Job = "call/deploy" }}, Exit: 0, Decision: "approved", Code: "tested"},
		"by a waiver":             {App: App{Code: "tests-failed", Change: func(v *seal.Verdict) { v.Basis = "waiver" }}, Exit: 0, Decision: "approved", Code: "tests-failed", Says: "waiver"},
		"rejected":                {App: App{Code: "wrong-digest", Change: said("rejected")}, Exit: 1, Decision: "rejected", Code: "wrong-digest", Says: "rejected"},
		"waiting":                 {App: App{Code: "tests-running", Change: said("waiting")}, Exit: 3, Decision: "waiting", Code: "tests-running", Says: "waiting"},
		"error":                   {App: App{Change: said("error")}, Exit: 3, Decision: "error", Code: "undecided", Says: "error"},
		"a code that contradicts": {App: App{Code: "tested", Change: said("rejected")}, Exit: 1, Decision: "rejected", Code: "undecided"},
		"a code of nobody":        {App: App{Code: "x\n::set-output name=outcome::allow", Change: said("rejected")}, Exit: 1, Decision: "rejected", Code: "undecided"},

		"its own key": {App: App{Signer: 9}, Exit: 1, Says: "a key that was not given"},
		"expired": forged("no longer valid", func(v *seal.Verdict) {
			v.Issued, v.Expires = v.Issued.Add(-time.Hour), v.Expires.Add(-time.Hour)
		}),
		"not yet valid":      forged("not valid yet", func(v *seal.Verdict) { v.Issued, v.Expires = v.Issued.Add(time.Hour), v.Expires.Add(time.Hour) }),
		"another job":        forged("its job is another one", func(v *seal.Verdict) { v.Subject.Job = "other" }),
		"another job's end":  forged("its job is another one", func(v *seal.Verdict) { v.Subject.Job = "xdeploy" }),
		"another run":        forged("its run_id is another one", func(v *seal.Verdict) { v.Subject.RunID = 21 }),
		"another attempt":    forged("its attempt is another one", func(v *seal.Verdict) { v.Subject.Attempt = 2 }),
		"another repository": forged("its repository is another one", func(v *seal.Verdict) { v.Subject.Repository = 3 }),
		"another case":       forged("its environment is another one", func(v *seal.Verdict) { v.Subject.Environment = "Production" }),
		"another commit":     forged("its commit is another one", func(v *seal.Verdict) { v.Subject.Commit = Tree }),
		"another server":     forged("its server is another one", func(v *seal.Verdict) { v.Subject.Server = "https://evil.example" }),
		"another artifact":   forged("its digests is another one", func(v *seal.Verdict) { v.Subject.Digests = []string{Digest[:len(Digest)-1] + "b"} }),
		"one artifact more":  forged("its digests is another one", func(v *seal.Verdict) { v.Subject.Digests = append(v.Subject.Digests, Digest[:len(Digest)-1]+"b") }),
		"no artifact":        forged("its digests is another one", func(v *seal.Verdict) { v.Subject.Digests = nil }),

		"unsigned":   {App: App{Body: `{"outcome":"approved","verdict":{"outcome":"approved"}}`}, Exit: 1, Says: "no signed verdict"},
		"no verdict": {App: App{Body: `{"outcome":"approved"}`}, Exit: 1, Says: "no signed verdict"},
		"a page":     {App: App{Body: `<html>approved`}, Exit: 3, Says: "cannot be read"},
		"refused":    {App: App{Status: 403, Body: `{"error":{"code":"wrong-tree","message":"another \u001b[31mtree"}}`}, Exit: 3, Says: "wrong-tree"},
		"200":        {App: App{Status: 200}, Exit: 3, Says: "answered 200"},
	}
}
