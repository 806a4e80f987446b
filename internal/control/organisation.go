package control

import (
	"errors"

	"github.com/org/platform-action/internal/config"
)

// organisationFile is the organisation's file once it is read.
type organisationFile struct{}

// Over applies it to a repository's configuration.
func (organisationFile) Over(c config.Config) (config.Config, []string) { return c, nil }

// parseOrganisation refuses: until the file can be read, it must not be passed over.
func parseOrganisation(string, []byte) (organisationFile, error) {
	return organisationFile{}, errors.New("this version does not read an organisation's file yet: remove it, or keep to an older version")
}
