package control

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/evidence"
)

// content is what a subject's files are, and what the default branch's are.
type content struct{ theirs, ours Listing }

// vouch finds who approved each guarded change: a code owner of the default branch, on the final head, who neither
// opened, wrote nor committed it. An approval is of content, so that it also counts for the merge group that brings it.
func (f *Flow) vouch(ctx context.Context, r Repository, head string, want requirements, s subject, c content, list []evidence.Guarded) error {
	if s.number == 0 {
		return f.approvedBefore(ctx, r, c, list)
	}
	by, err := f.approvers(ctx, r, head, want, s, c.ours)
	if err != nil {
		return err
	}
	if err := f.joined(ctx, r, &by, list); err != nil {
		return err
	}
	for i := range list {
		g := &list[i]
		if g.Why = by.missing(g.Path); g.Why != "" {
			if err := f.takeBack(ctx, r, approvalOf(g.Path, c), head); err != nil {
				return err
			}
			continue
		}
		g.Approved = true
		if err := f.o.Records.Remember(ctx, r.Tenant, approvalOf(g.Path, c), []byte(head)); err != nil {
			return err
		}
	}
	return nil
}

// approvalOf names the approval of a file's content; that of a file that is gone, too.
func approvalOf(name string, c content) string {
	return "approved/" + digestOf(name+"\x00"+c.theirs.content(name))
}

// takenBack stands where an approval was noted that no longer holds.
const takenBack = "taken back"

// takeBack notes that an approval which was given on a head does not stand there any more. One of another head does.
func (f *Flow) takeBack(ctx context.Context, r Repository, name, head string) error {
	of, known, err := f.o.Records.Recall(ctx, r.Tenant, name)
	if err != nil || !known || string(of) != head {
		return err
	}
	return f.o.Records.Remember(ctx, r.Tenant, name, []byte(takenBack))
}

// approvedBefore looks for approvals of the same content in the pull requests that a merge group consists of.
func (f *Flow) approvedBefore(ctx context.Context, r Repository, c content, list []evidence.Guarded) error {
	for i := range list {
		g := &list[i]
		of, known, err := f.o.Records.Recall(ctx, r.Tenant, approvalOf(g.Path, c))
		if err != nil {
			return err
		}
		if g.Approved = known && string(of) != takenBack; !g.Approved {
			g.Why = "no approval of this content by a code owner is known: it is noted when its pull request is looked at"
		}
	}
	return nil
}

// approvers are those whose approval of a pull request counts, and what they own.
type approvers struct {
	owners codeOwners
	people []Person
	teams  map[string]bool // in lower case, of the owners: one of the people is in it
	hidden bool            // the App may not see who is in a team
	why    string          // why none of them counts; empty: they do
}

// missing is why nobody vouches for a file; empty: somebody does.
func (a approvers) missing(name string) string {
	if a.why != "" {
		return a.why
	}
	owners := a.owners.of(name)
	hidden := false
	for _, o := range owners {
		login, named := strings.CutPrefix(strings.ToLower(o), "@")
		_, slug := teamOf(o)
		hidden = hidden || slug != "" && a.hidden
		if named && (a.teams[login] || slices.ContainsFunc(a.people, func(p Person) bool { return strings.ToLower(p.Login) == login })) {
			return ""
		}
	}
	switch {
	case len(owners) == 0:
		return "nobody owns it in CODEOWNERS on the default branch"
	case hidden:
		return "its teams cannot be seen: the account has to grant the App members: read"
	}
	return "none of those who own it, and neither wrote nor pushed it, has approved this head"
}

// maxTeams bounds how many teams are asked about: a CODEOWNERS that names more for what one change touches is not
// believed for the rest of them.
const maxTeams = 20

// joined finds the teams that own one of the files and in which somebody who approved is.
func (f *Flow) joined(ctx context.Context, r Repository, a *approvers, list []evidence.Guarded) error {
	a.teams = map[string]bool{}
	for _, g := range list {
		for _, o := range a.owners.of(g.Path) {
			account, slug := teamOf(o)
			if slug == "" || !strings.EqualFold(account, r.Owner) || len(a.people) == 0 || a.hidden {
				continue
			}
			name := strings.ToLower(account + "/" + slug)
			if _, asked := a.teams[name]; asked || len(a.teams) >= maxTeams {
				continue
			}
			in, err := f.anyIn(ctx, r, slug, a.people)
			if errors.Is(err, ErrForbidden) {
				a.hidden = true
				continue
			}
			if err != nil {
				return err
			}
			a.teams[name] = in
		}
	}
	return nil
}

func (f *Flow) anyIn(ctx context.Context, r Repository, slug string, people []Person) (bool, error) {
	for _, p := range people {
		if in, err := f.o.Forge.TeamMember(ctx, r, slug, p); err != nil || in {
			return in, err
		}
	}
	return false, nil
}

func (f *Flow) approvers(ctx context.Context, r Repository, head string, want requirements, s subject, ours Listing) (approvers, error) {
	var out approvers
	for _, name := range ownerFiles() {
		if ours.Files[name] == "" {
			continue
		}
		data, found, err := f.o.Forge.File(ctx, r, want.tip, name)
		if err != nil {
			return out, err
		}
		if found {
			out.owners = parseOwners(data)
		}
		break
	}
	if len(out.owners) == 0 {
		return approvers{why: "the default branch has no CODEOWNERS"}, nil
	}
	writers, known, err := f.o.Forge.Writers(ctx, r, s.number)
	if err != nil {
		return out, err
	}
	if !known {
		return approvers{why: "GitHub cannot say who wrote each commit of the change"}, nil
	}
	reviews, err := f.o.Forge.Reviews(ctx, r, s.number)
	if err != nil {
		return out, err
	}
	for _, p := range approving(reviews, head) {
		if p.ID == s.author || slices.Contains(writers, p.ID) {
			continue
		}
		role, err := f.o.Forge.Role(ctx, r, p)
		if err != nil {
			return out, err
		}
		if role >= RoleWrite {
			out.people = append(out.people, p)
		}
	}
	return out, nil
}

// approving are the people whose last word on a head is an approval.
func approving(reviews []Review, head string) []Person {
	last := map[int64]Review{}
	for _, v := range reviews {
		if v.State != "COMMENTED" && v.By.Kind == "User" && v.By.ID > 0 {
			last[v.By.ID] = v
		}
	}
	var out []Person
	for _, v := range last {
		if v.State == "APPROVED" && v.Commit == head {
			out = append(out, v.By)
		}
	}
	slices.SortFunc(out, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
