package control

import (
	"context"
	"errors"
	"strings"
)

// entitlement says whether somebody may answer for a waiver of an environment now. The zero value: they may not.
type entitlement struct {
	as     string // entry of the default branch that names them, such as "team platform"; empty: none does
	hidden bool   // a team is listed, and the App may not see who is in it
}

// entitled looks whether the default branch names somebody, by themselves or by a team of the account, and whether they are
// still able to write. More than maxTeams teams are not asked about.
func (f *Flow) entitled(ctx context.Context, r Repository, env gated, p Person) (entitlement, error) {
	var out entitlement
	if len(env.approvers) == 0 {
		return out, nil
	}
	// The role is asked first: it says that the login still is this account's, and whoever may not write is in vain in a team.
	if role, err := f.o.Forge.Role(ctx, r, p); err != nil || role < RoleWrite {
		return out, err
	}
	teams := 0
	for _, a := range env.approvers {
		switch {
		case a.User != "" && strings.EqualFold(a.User, p.Login):
			return entitlement{as: "user " + p.Login}, nil
		case a.User != "" || out.hidden || teams >= maxTeams:
			continue
		}
		teams++
		in, err := f.o.Forge.TeamMember(ctx, r, a.Team, p)
		if errors.Is(err, ErrForbidden) {
			out.hidden = true // somebody may be named as a user further on
			continue
		}
		if err != nil {
			return out, err
		}
		if in {
			return entitlement{as: "team " + a.Team}, nil
		}
	}
	return out, nil
}

// refusal tells somebody why they may not answer for a waiver.
func (e entitlement) refusal(environment string) string {
	say := "The default branch does not list you under `environments." + environment + ".approvers`, by yourself (`- user: NAME`) or by a team that you are in (`- team: SLUG`), or you may not write here."
	if e.hidden {
		say += " Whom its teams consist of cannot be seen: the account has to grant the App members: read."
	}
	return say
}
