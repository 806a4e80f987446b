package github

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/control"
)

// fault turns an error of a call into one that the flow understands. Others are tried again.
func fault(doing string, err error) error {
	if err == nil {
		return nil
	}
	if later, ok := errors.AsType[*control.Later](err); ok {
		return later
	}
	e, ok := errors.AsType[*github.ErrorResponse](err)
	if !ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	switch e.Response.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%s: %w", doing, control.ErrGone)
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return fmt.Errorf("%s: %w", doing, control.ErrMoved)
	case http.StatusForbidden, http.StatusUnprocessableEntity:
		return fmt.Errorf("%s: GitHub answered %d: %.200s: %w", doing, e.Response.StatusCode, e.Message, control.ErrForbidden)
	}
	return fmt.Errorf("%s: GitHub answered %d: %.200s", doing, e.Response.StatusCode, e.Message)
}

// unprocessable tells a repository that left an installation from a permission that the account has not granted: with
// the former nothing is left to do, and the latter must not look like it.
func unprocessable(e *ghinstallation.HTTPError) error {
	text, err := io.ReadAll(io.LimitReader(e.Response.Body, 4<<10))
	if err != nil || !bytes.Contains(text, []byte("repository")) {
		return fmt.Errorf("no token for installation %d: its account has not granted what the App asks for since its last update; "+
			"an owner of the account accepts it under its installed GitHub Apps, and platform doctor lists what is missing: %w", e.InstallationID, control.ErrForbidden)
	}
	return fmt.Errorf("no token for installation %d (answer 422: the repository left it): %w", e.InstallationID, control.ErrGone)
}

// mintFault tells what a refused token means: an installation that is gone is no reason to try again.
func mintFault(err error) error {
	if later, ok := errors.AsType[*control.Later](err); ok {
		return later
	}
	e, ok := errors.AsType[*ghinstallation.HTTPError](err)
	if !ok || e.Response == nil {
		return fmt.Errorf("no token for the installation: %w", err)
	}
	defer func() { _ = e.Response.Body.Close() }()
	switch e.Response.StatusCode {
	case http.StatusNotFound, http.StatusForbidden:
		return fmt.Errorf("no token for installation %d (answer %d: uninstalled or suspended): %w", e.InstallationID, e.Response.StatusCode, control.ErrGone)
	case http.StatusUnprocessableEntity:
		return unprocessable(e)
	case http.StatusUnauthorized:
		return fmt.Errorf("GitHub refuses the App's key (answer 401): check PLATFORM_GITHUB_APP_ID, the private key and this machine's clock")
	}
	return fmt.Errorf("no token for installation %d: GitHub answered %d", e.InstallationID, e.Response.StatusCode)
}
