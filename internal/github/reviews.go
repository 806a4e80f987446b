package github

import (
	"context"
	"fmt"

	"github.com/org/platform-action/internal/control"
)

// Bounds of both lists: GitHub itself tells 250 commits of a pull request at most.
const (
	maxReviews     = 1000
	maxPullCommits = 250
)

// Reviews lists what people said of a pull request, oldest first.
func (a *App) Reviews(ctx context.Context, r control.Repository, number int) ([]control.Review, error) {
	var out []control.Review
	for at := 1; at != 0; {
		var list []struct {
			State  string `json:"state"`
			Commit string `json:"commit_id"`
			User   *struct {
				ID    int64  `json:"id"`
				Login string `json:"login"`
				Type  string `json:"type"`
			} `json:"user"`
		}
		resp, err := a.get(ctx, r, fmt.Sprintf("pulls/%d/reviews?per_page=%d&page=%d", number, page, at), &list)
		if err != nil {
			return nil, fault("listing the reviews", err)
		}
		for _, v := range list {
			if v.User != nil {
				out = append(out, control.Review{By: control.Person{ID: v.User.ID, Login: v.User.Login, Kind: v.User.Type}, State: v.State, Commit: v.Commit})
			}
		}
		if at = resp.NextPage; len(out) > maxReviews {
			return nil, fmt.Errorf("listing the reviews: there are more than %d", maxReviews)
		}
	}
	return out, nil
}

// Writers lists who wrote or committed what a pull request brings. known is false where GitHub cannot name one of them, or
// does not list every commit.
func (a *App) Writers(ctx context.Context, r control.Repository, number int) (ids []int64, known bool, err error) {
	type person struct {
		ID int64 `json:"id"`
	}
	known = true
	for at, seen := 1, 0; at != 0; {
		var list []struct {
			Author    *person `json:"author"`
			Committer *person `json:"committer"`
		}
		resp, err := a.get(ctx, r, fmt.Sprintf("pulls/%d/commits?per_page=%d&page=%d", number, page, at), &list)
		if err != nil {
			return nil, false, fault("listing the commits of the pull request", err)
		}
		for _, c := range list {
			for _, p := range []*person{c.Author, c.Committer} {
				if p == nil || p.ID <= 0 {
					known = false
					continue
				}
				ids = append(ids, p.ID)
			}
		}
		if seen += len(list); seen == 0 || seen >= maxPullCommits {
			return ids, false, nil
		}
		at = resp.NextPage
	}
	return ids, known, nil
}
