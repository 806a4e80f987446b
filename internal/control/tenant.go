package control

import "fmt"

// Tenant is whose data is read or written: an installation of the App, and one repository of it by its id. Repository 0
// stands for the installation itself. Every row, cache entry, blob and queue key carries a tenant.
type Tenant struct {
	Installation int64 `json:"installation"`
	Repository   int64 `json:"repository"`
}

// String is the tenant in logs: ids only, because names change and are hostile.
func (t Tenant) String() string { return fmt.Sprintf("%d/%d", t.Installation, t.Repository) }

// Account is the tenant of the installation itself.
func (t Tenant) Account() Tenant { return Tenant{Installation: t.Installation} }
