package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/control"
)

// Installations lists the accounts that have installed the App.
func (a *App) Installations(ctx context.Context) ([]control.Installation, error) {
	var out []control.Installation
	client, options := a.application(), &github.ListOptions{PerPage: page}
	for {
		list, resp, err := client.Apps.ListInstallations(ctx, options)
		if err != nil {
			return nil, fault("listing the installations", err)
		}
		for _, i := range list {
			out = append(out, control.Installation{ID: i.GetID(), AccountID: i.GetAccount().GetID(), Suspended: i.SuspendedAt != nil})
		}
		if resp.NextPage == 0 {
			return out, nil
		}
		options.Page = resp.NextPage
	}
}

// maxDeliveries bounds how many deliveries one look goes through.
const maxDeliveries = 20_000

// FailedDeliveries lists what GitHub could not deliver since then and has not delivered later either, newest first.
func (a *App) FailedDeliveries(ctx context.Context, since time.Time) ([]control.FailedDelivery, error) {
	var out []control.FailedDelivery
	settled := map[string]bool{} // newest first: what the latest attempt says of a GUID counts
	client, cursor := a.application(), ""
	for seen := 0; seen < maxDeliveries; {
		list, resp, err := client.Apps.ListHookDeliveries(ctx, &github.ListCursorOptions{PerPage: page, Cursor: cursor})
		if err != nil {
			return nil, fault("listing the deliveries", err)
		}
		for _, d := range list {
			seen++
			if d.GetDeliveredAt().Before(since) {
				return out, nil
			}
			if settled[d.GetGUID()] {
				continue
			}
			settled[d.GetGUID()] = true
			if code := d.GetStatusCode(); code < 200 || code > 299 {
				out = append(out, control.FailedDelivery{ID: d.GetID(), GUID: d.GetGUID(), At: d.GetDeliveredAt().Time})
			}
		}
		if cursor = resp.Cursor; cursor == "" {
			return out, nil
		}
	}
	return out, nil
}

// Redeliver asks GitHub to try a delivery again.
func (a *App) Redeliver(ctx context.Context, id int64) error {
	_, resp, err := a.application().Apps.RedeliverHookDelivery(ctx, id)
	if resp != nil && resp.StatusCode == http.StatusAccepted { // go-github takes the 202 for an error
		return nil
	}
	return fault("asking for a delivery again", err)
}

// Grants are what the App may do and which events it gets, as GitHub has them now.
type Grants struct {
	Slug        string
	Permissions map[string]string
	Events      []string
}

// Grants reads them.
func (a *App) Grants(ctx context.Context) (Grants, error) {
	client := a.application()
	req, err := client.NewRequest(http.MethodGet, "app", nil)
	if err != nil {
		return Grants{}, err
	}
	var raw struct { // go-github v60 knows fewer permissions than there are
		Slug        string            `json:"slug"`
		Permissions map[string]string `json:"permissions"`
		Events      []string          `json:"events"`
	}
	if _, err := client.Do(ctx, req, &raw); err != nil {
		return Grants{}, fault("reading the App", err)
	}
	return Grants(raw), nil
}

// Hook is where GitHub sends the App's webhooks.
func (a *App) Hook(ctx context.Context) (*url.URL, error) {
	c, _, err := a.application().Apps.GetHookConfig(ctx)
	if err != nil {
		return nil, fault("reading the webhook's address", err)
	}
	address, err := url.Parse(c.GetURL())
	if err != nil {
		return nil, fmt.Errorf("the webhook's address cannot be read: %w", err)
	}
	return address, nil
}

// ServerTime is GitHub's clock, from the answer to a request that costs nothing.
func (a *App) ServerTime(ctx context.Context) (time.Time, error) {
	var ignored json.RawMessage
	client := a.wrap(&paced{app: a, budget: a.budget(0), next: a.options.Transport})
	req, err := client.NewRequest(http.MethodGet, "meta", nil)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := client.Do(ctx, req, &ignored)
	if err != nil {
		return time.Time{}, fault("asking GitHub for its time", err)
	}
	return http.ParseTime(resp.Header.Get("Date"))
}
