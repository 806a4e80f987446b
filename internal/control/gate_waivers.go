package control

import (
	"context"
	"strings"
)

// entitled reports that somebody may answer for a waiver of an environment now: named by the default branch, and still able
// to write. Whom a team consists of the App may not see, so that a team entitles nobody here.
func (f *Flow) entitled(ctx context.Context, r Repository, env gated, p Person) (bool, error) {
	for _, a := range env.approvers {
		if a.User == "" || !strings.EqualFold(a.User, p.Login) {
			continue
		}
		role, err := f.o.Forge.Role(ctx, r, p)
		return role >= RoleWrite, err
	}
	return false, nil
}
