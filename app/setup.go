package main

import (
	"errors"
	"strings"
)

// errUnset says what to set before the App can serve.
var errUnset = errors.New("no credentials are configured: set PLATFORM_GITHUB_APP_ID, PLATFORM_GITHUB_PRIVATE_KEY_FILE and PLATFORM_GITHUB_WEBHOOK_SECRET")

// trimAPI turns the API's address of GitHub Enterprise Server into that of its pages.
func trimAPI(api string) string { return strings.TrimSuffix(strings.TrimSuffix(api, "/"), "/api/v3") }
