package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/oidc"
)

const serverName = "PLATFORM_SERVER_URL"

// server is the App that is told of the plans of a workflow run; empty: nobody is.
type server string

// address is what --server or the environment says.
func (s *server) address(env func(string) string) (string, error) {
	text := string(*s)
	if text == "" {
		text = env(serverName)
	}
	text = strings.TrimSuffix(text, "/")
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("--server %.80q is no web address; give the App's PLATFORM_PUBLIC_URL, such as https://platform.example.com", text)
	}
	return text, nil
}

// upload tells the App the facts of the plans that were read, each with a token of its own. Only what prices and
// policies read leaves this machine.
func (o *checkOptions) upload(ctx context.Context, s streams, in loaded) error {
	address, err := o.server.address(s.env)
	if err != nil || address == "" {
		return err
	}
	documents, err := local.Uploads(ctx, in.sources, o.source)
	if err != nil {
		return err
	}
	for _, told := range documents {
		var receipt control.Receipt
		if err := oidc.Send(ctx, s.env, address, oidc.Facts, told.Document, &receipt); err != nil {
			return &faultError{fmt.Errorf("the App at %s was not told of %s, and judges it from its source alone: %w", address, told.Name, err)}
		}
		if o.quiet {
			continue
		}
		if receipt.Trusted {
			fmt.Fprintf(s.err, "%s: the App judges %.7s by this plan\n", told.Name, receipt.Head)
		} else {
			fmt.Fprintf(s.err, "%s: the App judges %.7s from its source, beside this plan: %s\n", told.Name, receipt.Head, receipt.Why)
		}
	}
	if len(documents) == 0 && string(o.server) != "" {
		return errors.New("--server is told of plans, and none was named: make one with terraform show -json plan.out > plan.json")
	}
	return nil
}
