package web

import (
	"context"
	"errors"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/org/platform-action/internal/control"
)

// believed is how long GitHub's word on what somebody may see is kept.
const believed = time.Minute

// access remembers what GitHub said, of each session apart.
type access struct {
	one  *lru.Cache[string, seenOne]
	many *lru.Cache[string, seenMany]
	sums *lru.Cache[string, seenSums]

	operators *lru.Cache[string, seenOperator]
}

// seenOperator is whether a session's person is in the operators' team.
type seenOperator struct {
	at  time.Time
	may bool
}

// seenSums are what pull requests of everything that a session may see add a month.
type seenSums struct {
	at    time.Time
	costs []control.WeekCost
}

type seenOne struct {
	at   time.Time
	repo control.Visible
	err  error // control.ErrGone; others are not kept
}

type seenMany struct {
	at    time.Time
	repos []control.Repository
	whole bool
}

func newAccess() (*access, error) {
	one, err := lru.New[string, seenOne](20_000)
	if err != nil {
		return nil, err
	}
	many, err := lru.New[string, seenMany](500)
	if err != nil {
		return nil, err
	}
	sums, err := lru.New[string, seenSums](500)
	if err != nil {
		return nil, err
	}
	operators, err := lru.New[string, seenOperator](500)
	return &access{one, many, sums, operators}, err
}

// forget drops the lists of a session that ends; what else is kept ends within a minute.
func (a *access) forget(s *session) {
	a.many.Remove(s.ID)
	a.sums.Remove(s.ID)
	a.operators.Remove(s.ID)
}

// repository is that of owner and name if the person may see it and we serve it: control.ErrGone otherwise, whichever of
// the two it is. The names are those that it has now.
func (p *pages) repository(ctx context.Context, s *session, owner, name string) (control.Repository, error) {
	var none control.Repository
	if !ownerForm.MatchString(owner) || !repoForm.MatchString(name) {
		return none, control.ErrGone
	}
	key := s.ID + " " + strings.ToLower(owner+"/"+name)
	seen, known := p.access.one.Get(key)
	if !known || p.o.Now().Sub(seen.at) >= believed {
		seen = seenOne{at: p.o.Now()}
		seen.repo, seen.err = p.o.People.Repository(ctx, s.Token, owner, name)
		if seen.err != nil && !errors.Is(seen.err, control.ErrGone) {
			return none, seen.err
		}
		p.access.one.Add(key, seen)
	}
	if seen.err != nil {
		return none, control.ErrGone
	}
	tenant, found, err := p.o.Records.Locate(ctx, seen.repo.ID)
	if err != nil {
		return none, err
	}
	if !found {
		return none, control.ErrGone
	}
	r, found, err := p.o.Records.Repository(ctx, tenant)
	if err != nil {
		return none, err
	}
	if !found || r.Gone || !p.o.Allowed(r.AccountID) {
		return none, control.ErrGone
	}
	r.Owner, r.Name = seen.repo.Owner, seen.repo.Name
	return r, nil
}

// repositories are all that the person may see and we serve; whole is false where GitHub lists more than we ask for.
func (p *pages) repositories(ctx context.Context, s *session) (list []control.Repository, whole bool, err error) {
	if seen, known := p.access.many.Get(s.ID); known && p.o.Now().Sub(seen.at) < believed {
		return seen.repos, seen.whole, nil
	}
	at := p.o.Now()
	visible, whole, err := p.o.People.Visible(ctx, s.Token)
	if err != nil {
		return nil, false, err
	}
	names := map[int64]control.Visible{}
	var ids []int64
	for _, v := range visible {
		names[v.ID] = v
		ids = append(ids, v.ID)
	}
	located, err := p.o.Records.Located(ctx, ids)
	if err != nil {
		return nil, false, err
	}
	for _, r := range located {
		if p.o.Allowed(r.AccountID) {
			r.Owner, r.Name = names[r.Tenant.Repository].Owner, names[r.Tenant.Repository].Name
			list = append(list, r)
		}
	}
	p.access.many.Add(s.ID, seenMany{at, list, whole})
	return list, whole, nil
}
