package web

import (
	"net/http"
	"strings"

	"github.com/org/platform-action/internal/control"
)

// JobsPath is where the queue's console is. No account of GitHub has a name that begins so.
const JobsPath = "/-/jobs"

// jobsPolicy is for the console alone: it is an application of scripts, its own.
const jobsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// withJobs leads operators to the console, and everybody else to what they are told of a page that does not exist. A team
// that is not known shows it to nobody.
func (p *pages) withJobs(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != JobsPath && !strings.HasPrefix(r.URL.Path, JobsPath+"/") {
			pages.ServeHTTP(w, r)
			return
		}
		s := p.session(r)
		if s == nil {
			p.strange(w, r)
			return
		}
		may, err := p.operates(r, s)
		if err == nil && !may {
			err = control.ErrGone
		}
		if err != nil {
			p.failed(w, r, err)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			p.o.Log.WarnContext(r.Context(), "an operator changes the queue", "person", s.Person.ID, "method", r.Method, "path", r.URL.EscapedPath())
		}
		p.headers(w)
		w.Header().Set("Content-Security-Policy", jobsPolicy)
		p.o.Jobs.ServeHTTP(w, r)
	})
}

// operates reports that somebody is in the operators' team, by GitHub's word of at most a minute ago.
func (p *pages) operates(r *http.Request, s *session) (bool, error) {
	org, team, named := strings.Cut(p.o.Operators, "/")
	if p.o.Jobs == nil || !named || s.Person.Kind != "User" {
		return false, nil
	}
	if seen, known := p.access.operators.Get(s.ID); known && p.o.Now().Sub(seen.at) < believed {
		return seen.may, nil
	}
	may, err := p.o.People.InTeam(r.Context(), s.Token, org, team, s.Person.Login)
	if err != nil {
		return false, err
	}
	p.access.operators.Add(s.ID, seenOperator{p.o.Now(), may})
	return may, nil
}
