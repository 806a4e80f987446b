package fact

import (
	"encoding/json"
	"fmt"
)

// Action is what a plan will do to one resource. The zero Action is unknown, which no estimate or policy may
// take for "nothing happens".
type Action uint8

// The actions of a Terraform plan. An import is NoOp or Update with Resource.Importing set.
const (
	ActionUnknown Action = iota
	NoOp
	Create
	Read // a data source is read during apply
	Update
	DeleteThenCreate
	CreateThenDelete
	Delete
	Forget // removed from state, the object stays and goes on costing
)

var actionNames = [...]string{"unknown", "no-op", "create", "read", "update", "delete-create", "create-delete", "delete", "forget"}

// String is the action's name on the wire.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return actionNames[0]
}

// Replaces reports either order of replacement.
func (a Action) Replaces() bool { return a == DeleteThenCreate || a == CreateThenDelete }

// Deletes reports that the existing object is destroyed.
func (a Action) Deletes() bool { return a == Delete || a.Replaces() }

// Changes reports that applying the plan touches the object.
func (a Action) Changes() bool { return a != NoOp && a != Read }

// MarshalText writes the name.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a name and refuses any other word.
func (a *Action) UnmarshalText(b []byte) error {
	for i, name := range actionNames {
		if name == string(b) {
			*a = Action(i)
			return nil
		}
	}
	return fmt.Errorf("action %.40q is not known", b)
}

// SensitiveMarker stands where the plan marked a value sensitive; the value itself is dropped while reading.
const SensitiveMarker = "(sensitive value)"

// Plan is one Terraform or OpenTofu plan, or a statically evaluated source directory in the same form.
type Plan struct {
	Name             string // the path as the user gave it
	Digest           string // sha256:… of the bytes read
	FormatVersion    string // of plan JSON, such as "1.2"
	TerraformVersion string
	Timestamp        string // RFC 3339, when the plan was made, as it says itself; empty when it does not say
	Complete         bool   // false: made with -target, errored or with deferred changes, so that it shows less than the whole
	Errored          bool   // the plan itself failed part-way
	Deferred         int    // changes that are put off to a later run, of which the plan says nothing

	Resources []Resource // managed resources and data sources, sorted by address, then deposed key
	Drift     []Resource // changes made outside Terraform (resource_drift), same order
	Providers map[string]Provider
	Modules   []ModuleCall // sorted by address
	Checks    []CheckResult
	Faults    []Fault // parts that could not be read: each makes the outcome undecided
	Notes     []Fault // things worth telling that change nothing, such as skipped wrapper lines
}

// Resource is one instance of a resource or data source and what the plan does to it.
type Resource struct {
	Address         string
	PreviousAddress string // set when the resource moved
	Module          string // module instance path, such as module.db[0]; empty for the root module
	Data            bool   // a data source
	Type            string
	Name            string
	Index           string // instance key in JSON form (0 or "blue"); empty without count and for_each
	Deposed         string // key of a deposed object, an old copy that is still to be destroyed
	Provider        string // source address such as registry.terraform.io/hashicorp/aws
	ProviderKey     string // key into Plan.Providers; empty when the plan has no configuration
	Action          Action
	Importing       bool
	Reason          string // action_reason, such as replace_because_cannot_update

	// Before, After and Unknown are compact raw JSON objects with sensitive values replaced by SensitiveMarker.
	// They live in memory for one evaluation only: nothing stores, uploads or prints them whole. Nil is absent.
	Before  json.RawMessage
	After   json.RawMessage
	Unknown json.RawMessage // after_unknown: true where the value is known only after apply

	Uncounted string // why the number of instances is not known; this one stands for all of them

	Config *ResourceConfig // the block's configuration, shared by its instances; nil when the plan has none
	File   string          // slash-separated path of the block when source is at hand
	Line   int             // 1-based line of the block; 0 is unknown
}

// ResourceConfig says which attributes the configuration sets, and by what.
type ResourceConfig struct {
	Address    string // without instance keys, such as module.db.aws_db_instance.main
	Attributes map[string]Expression
}

// Expression is how the configuration sets one attribute or nested block. Constants are not kept (they may be
// secrets); a nested block has Blocks and nothing else.
type Expression struct {
	Constant   bool
	References []string // as the plan lists them, such as ["aws_vpc.main.id", "aws_vpc.main"]
	Why        string   // why the value is not known, with its place in the source; empty from a plan
	Blocks     []map[string]Expression
}

// Provider is one provider configuration of the plan.
type Provider struct {
	Key         string // as resources name it, such as "aws", "aws.west" or "module.eu:aws"
	Source      string // registry.terraform.io/hashicorp/aws
	Version     string // version constraint, if any
	Alias       string
	Module      string
	Region      string            // resolved from a constant or a root variable; empty when unknown
	RegionFrom  string            // where Region comes from, such as "provider.aws.region" or "var.region"; why it is unknown when Region is empty
	DefaultTags map[string]string // default_tags (aws) or default_labels (google) that are constants or root variables; nil when none
	TagsUnknown bool              // default tags exist but could not be resolved
}

// ModuleCall is one module block of the configuration.
type ModuleCall struct {
	Address string // such as module.db
	Source  string
	Version string // version constraint; empty when the call pins none
}

// CheckResult is the state of one check, precondition or postcondition that the plan recorded.
type CheckResult struct {
	Address string
	Status  string // pass, fail, error or unknown
	Problem string
}

// Fault is one part of the input that could not be read or is worth a note.
type Fault struct {
	Where   string // JSON path, address or file:line
	Message string
	Fix     string
}
