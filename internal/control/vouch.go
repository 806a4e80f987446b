package control

import (
	"cmp"
	"context"
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
	for i := range list {
		g := &list[i]
		if g.Why = by.missing(g.Path); g.Why != "" {
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
	return "approved/" + digestOf(name+"\x00"+c.theirs.Files[name])
}

// approvedBefore looks for approvals of the same content in the pull requests that a merge group consists of.
func (f *Flow) approvedBefore(ctx context.Context, r Repository, c content, list []evidence.Guarded) error {
	for i := range list {
		g := &list[i]
		_, known, err := f.o.Records.Recall(ctx, r.Tenant, approvalOf(g.Path, c))
		if err != nil {
			return err
		}
		if g.Approved = known; !known {
			g.Why = "no approval of this content by a code owner is known: it is noted when its pull request is looked at"
		}
	}
	return nil
}

// approvers are those whose approval of a pull request counts, and what they own.
type approvers struct {
	owners codeOwners
	logins []string // in lower case
	why    string   // why none of them counts; empty: they do
}

// missing is why nobody vouches for a file; empty: somebody does.
func (a approvers) missing(name string) string {
	if a.why != "" {
		return a.why
	}
	owners := a.owners.of(name)
	teams := false
	for _, o := range owners {
		login, person := strings.CutPrefix(strings.ToLower(o), "@")
		teams = teams || strings.Contains(login, "/")
		if person && slices.Contains(a.logins, login) {
			return ""
		}
	}
	switch {
	case len(owners) == 0:
		return "nobody owns it in CODEOWNERS on the default branch"
	case teams:
		return "none of the people who own it has approved this head, and whom a team consists of the App may not see: name people in CODEOWNERS"
	}
	return "none of those who own it, and neither wrote nor pushed it, has approved this head"
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
			out.logins = append(out.logins, strings.ToLower(p.Login))
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
