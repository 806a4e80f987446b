package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/org/platform-action/internal/control"
)

// TeamMember reports whether somebody is in a team of the repository's owner, or in a team below it. A team that is not
// there has no members; an invitation that was not accepted makes none.
func (a *App) TeamMember(ctx context.Context, r control.Repository, slug string, p control.Person) (bool, error) {
	if strings.Trim(slug, ".") == "" { // would name another page of GitHub than a team's
		return false, nil
	}
	client := a.clientFor(grant{r.Tenant, forTeams})
	path := fmt.Sprintf("orgs/%s/teams/%s/memberships/%s", url.PathEscape(r.Owner), url.PathEscape(slug), url.PathEscape(p.Login))
	req, err := client.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return false, err
	}
	var membership struct {
		State string `json:"state"`
	}
	resp, err := client.Do(ctx, req, &membership)
	if resp != nil && resp.StatusCode == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, fault("asking whether somebody is in a team", err)
	}
	return membership.State == "active", nil
}
