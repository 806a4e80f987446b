package github

import (
	"context"
	"fmt"
	"net/url"

	"github.com/org/platform-action/internal/control"
)

// PullsOf lists the pull requests that GitHub associates with a commit. whole is false where there are more than it tells
// at once.
func (a *App) PullsOf(ctx context.Context, r control.Repository, sha string) (list []control.MergedPull, whole bool, err error) {
	var found []struct {
		Number int     `json:"number"`
		Title  string  `json:"title"`
		Merged *string `json:"merged_at"`
		Result string  `json:"merge_commit_sha"`
		User   *struct {
			ID    int64  `json:"id"`
			Login string `json:"login"`
			Type  string `json:"type"`
		} `json:"user"`
		Head struct {
			SHA string `json:"sha"`
		} `json:"head"`
		Base struct {
			Ref  string `json:"ref"`
			Repo struct {
				ID int64 `json:"id"`
			} `json:"repo"`
		} `json:"base"`
	}
	resp, err := a.get(ctx, r, fmt.Sprintf("commits/%s/pulls?per_page=%d", url.PathEscape(sha), page), &found)
	if err != nil {
		return nil, false, fault("listing the pull requests of the commit", err)
	}
	for _, p := range found {
		if p.Base.Repo.ID != r.Tenant.Repository { // of a fork's own
			continue
		}
		m := control.MergedPull{Number: p.Number, Title: p.Title, Head: p.Head.SHA, Base: p.Base.Ref, Merged: p.Merged != nil, Result: p.Result}
		if p.User != nil {
			m.Author = control.Person{ID: p.User.ID, Login: p.User.Login, Kind: p.User.Type}
		}
		list = append(list, m)
	}
	return list, resp.NextPage == 0, nil
}

// maxBetween is how many commits between two are looked at.
const maxBetween = 500

// Between lists the commits that lead to head and not to base, with their parents alone. whole is false where there are
// more than maxBetween.
func (a *App) Between(ctx context.Context, r control.Repository, base, head string) (list []control.Commit, whole bool, err error) {
	for at := 1; at != 0; {
		var c struct {
			Total   int `json:"total_commits"`
			Commits []struct {
				SHA     string `json:"sha"`
				Parents []struct {
					SHA string `json:"sha"`
				} `json:"parents"`
			} `json:"commits"`
		}
		path := fmt.Sprintf("compare/%s...%s?per_page=%d&page=%d", url.PathEscape(base), url.PathEscape(head), page, at)
		resp, err := a.get(ctx, r, path, &c)
		if err != nil {
			return nil, false, fault("listing the commits between two", err)
		}
		for _, commit := range c.Commits {
			out := control.Commit{SHA: commit.SHA}
			for _, p := range commit.Parents {
				out.Parents = append(out.Parents, p.SHA)
			}
			list = append(list, out)
		}
		if at = resp.NextPage; at == 0 || c.Total > maxBetween || len(list) >= maxBetween {
			return list, at == 0 && len(list) == c.Total, nil
		}
	}
	return list, false, nil
}
