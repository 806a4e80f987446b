package plan

import (
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// tri is a boolean that may be absent.
type tri uint8

const (
	triAbsent tri = iota
	triNo
	triYes
)

// document is the first pass over a plan.
type document struct {
	*decoder
	plan      fact.Plan
	seen      map[string]bool // keys at the top, to tell what a document is that is no plan
	complete  tri
	deferred  int
	variables map[string]jsontext.Value // raw values of root variables, until providers are resolved
	config    configuration
	buffers   entry
}

// read walks the document's top level.
func (doc *document) read() {
	doc.seen = map[string]bool{}
	if !doc.begin('{') {
		return
	}
	for doc.more() {
		key := string(doc.key())
		if doc.err != nil {
			return
		}
		if len(doc.seen) < 64 {
			doc.seen[key] = true
		}
		doc.section(key)
	}
}

func (doc *document) section(key string) {
	switch key {
	case "@level":
		doc.fail(&InputError{Name: doc.name, Problem: "is the event stream of terraform plan -json, not plan JSON", Fix: fixPlan})
	case "format_version":
		doc.version()
	case "terraform_version":
		doc.plan.TerraformVersion = doc.str(false)
	case "timestamp":
		doc.plan.Timestamp = doc.str(false)
	case "complete":
		doc.complete = triNo
		if doc.flag() {
			doc.complete = triYes
		}
	case "errored":
		doc.plan.Errored = doc.flag()
	case "variables":
		doc.readVariables()
	case "resource_changes":
		if !doc.isArray() {
			return
		}
		list, notes := doc.changes(&doc.buffers)
		doc.plan.Resources, doc.plan.Notes = list, append(doc.plan.Notes, notes...)
	case "resource_drift":
		doc.plan.Drift, _ = doc.changes(&doc.buffers)
	case "deferred_changes":
		doc.readDeferred()
	case "configuration":
		doc.config = doc.readConfiguration()
	case "checks":
		doc.plan.Checks = doc.checks()
	default:
		doc.skip()
	}
}

// isArray refuses resource_changes of another kind: nothing of the plan would be left to judge.
func (doc *document) isArray() bool {
	kind := doc.dec.PeekKind()
	if kind != '[' && kind != 'n' && kind != 0 {
		doc.fail(&InputError{Name: doc.name, Where: "/resource_changes", Problem: "has resource_changes that are not an array", Fix: fixShow})
		return false
	}
	return true
}

func (doc *document) version() {
	if kind := doc.dec.PeekKind(); kind != '"' && kind != 0 {
		doc.fail(&InputError{Name: doc.name, Where: "/format_version", Problem: "has a format_version that is not a string", Fix: fixShow})
		return
	}
	doc.plan.FormatVersion = doc.str(false)
	if doc.err != nil {
		return
	}
	if err := versionProblem(doc.name, doc.plan.FormatVersion); err != nil {
		doc.fail(err)
	}
}

func (doc *document) readVariables() {
	doc.variables = map[string]jsontext.Value{}
	if !doc.begin('{') {
		return
	}
	for doc.more() {
		name := string(doc.key())
		if !doc.begin('{') {
			continue
		}
		for doc.more() {
			if string(doc.key()) == "value" {
				doc.variables[name] = doc.compact(nil)
				continue
			}
			doc.skip()
		}
	}
}

// readDeferred counts the changes that Terraform put off; the plan shows less than the whole.
func (doc *document) readDeferred() {
	if !doc.begin('[') {
		return
	}
	for doc.count = 0; doc.more(); {
		doc.counted()
		doc.deferred++
		doc.skip()
	}
	if doc.plan.Deferred = doc.deferred; doc.deferred > 0 {
		doc.plan.Notes = append(doc.plan.Notes, fact.Fault{Where: "/deferred_changes",
			Message: fmt.Sprintf("the plan puts %d change(s) off to a later run, and says nothing of their values", doc.deferred),
			Fix:     "apply, plan again and check that plan"})
	}
}

// pass says what a second reading is for.
type pass uint8

const (
	passNone    pass = iota
	passStates       // no resource_changes: planned_values and prior_state are all there is
	passPartial      // prior_state holds resources that the plan leaves out
)

// secondPass decides from the first. A plan that does not say whether it is complete (Terraform before 1.8,
// OpenTofu) is compared with its prior_state, because -target leaves no other trace there.
func (doc *document) secondPass() pass {
	switch {
	case len(doc.plan.Resources) == 0:
		return passStates
	case !doc.seen["prior_state"]:
		return passNone
	case doc.complete != triYes || doc.plan.Errored || doc.deferred > 0:
		return passPartial
	}
	return passNone
}

// readStates reads the source again for planned_values and prior_state.
func (doc *document) readStates(src io.ReadSeeker, mode pass) error {
	in, err := openInput(doc.name, src, doc.limits.MaxBytes)
	if err != nil {
		return err
	}
	d := doc.decoder
	d.dec.Reset(in)
	var planned, prior []stateResource
	for d.begin('{'); d.more(); {
		switch key := string(d.key()); {
		case key == "planned_values" && mode == passStates:
			d.count = 0
			planned = d.stateValues()
		case key == "prior_state":
			d.count = 0
			prior = d.priorState()
		default:
			d.skip()
		}
	}
	if err := d.problem(); err != nil {
		return err
	}
	if _, err := in.rest(d.dec.UnreadBuffer()); err != nil {
		return err
	}
	if in.digest() != doc.plan.Digest {
		return &InputError{Name: doc.name, Problem: "changed while it was read", Fix: "write the plan to its end first; " + fixShow}
	}
	if mode == passStates {
		doc.plan.Resources = doc.compareStates(planned, prior)
		return nil
	}
	doc.addUntouched(prior)
	return nil
}
