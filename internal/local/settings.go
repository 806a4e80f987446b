package local

import (
	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/verdict"
)

// Config reads a configuration, and says which of its keys a command on one machine does not act on.
func Config(name string, data []byte) (config.Config, []verdict.Finding, error) {
	c, err := config.Parse(name, data)
	if err != nil {
		return c, nil, err
	}
	var notes []verdict.Finding
	for _, key := range c.Unused() {
		notes = append(notes, verdict.Finding{
			ID: "config-unused", Title: "A configured key has no effect here", Severity: verdict.Warn,
			Message: key + " is valid, but this command does not act on it: the verdict was made without it", File: name,
		})
	}
	return c, notes, nil
}
