package plan

import (
	"bytes"
	"fmt"

	"github.com/org/platform-action/internal/fact"
)

// stateResource is a resource of planned_values or prior_state; Before holds its values.
type stateResource = fact.Resource

// priorState reads the state document that prior_state is.
func (d *decoder) priorState() (list []stateResource) {
	if !d.begin('{') {
		return nil
	}
	for d.more() {
		if string(d.key()) == "values" {
			list = d.stateValues()
			continue
		}
		d.skip()
	}
	return list
}

func (d *decoder) stateValues() (list []stateResource) {
	if !d.begin('{') {
		return nil
	}
	for d.more() {
		if string(d.key()) == "root_module" {
			list = d.stateModule()
			continue
		}
		d.skip()
	}
	return list
}

// stateModule reads the resources of a module and its children. The depth limit bounds the recursion.
func (d *decoder) stateModule() []stateResource {
	if !d.begin('{') {
		return nil
	}
	var own, children []stateResource
	module := ""
	for d.more() {
		switch string(d.key()) {
		case "address":
			module = d.str(true)
		case "resources":
			own = d.stateResources()
		case "child_modules":
			if !d.begin('[') {
				continue
			}
			for d.more() {
				children = append(children, d.stateModule()...)
			}
		default:
			d.skip()
		}
	}
	for i := range own {
		own[i].Module = module
	}
	return append(own, children...)
}

func (d *decoder) stateResources() (list []stateResource) {
	if !d.begin('[') {
		return nil
	}
	for d.more() {
		d.counted()
		if r, ok := d.stateResource(); ok {
			list = append(list, r)
		}
	}
	return list
}

func (d *decoder) stateResource() (r stateResource, ok bool) {
	if d.dec.PeekKind() != '{' {
		d.skip()
		d.fault("is not an object")
		return r, false
	}
	var mode string
	var values []byte
	var mask any
	for d.begin('{'); d.more(); {
		switch string(d.key()) {
		case "address":
			r.Address = d.str(false)
		case "mode":
			mode = d.str(true)
		case "type":
			r.Type = d.str(true)
		case "name":
			r.Name = d.str(true)
		case "index":
			r.Index = d.index()
		case "provider_name":
			r.Provider = d.str(true)
		case "deposed_key":
			r.Deposed = d.str(false)
		case "values":
			values = d.object(nil)
		case "sensitive_values":
			mask = d.mask()
		default:
			d.skip()
		}
	}
	if d.err != nil {
		return r, false
	}
	d.identify(&r, mode)
	if len(values) > 0 {
		r.Before = d.redacted(values, mask)
	} else if r.Address != "" && !r.Data {
		d.faultAt(r.Address, "has no values")
	}
	return r, r.Address != ""
}

func objectKey(r *fact.Resource) string { return r.Address + "\x00" + r.Deposed }

// compareStates derives the changes of a plan that lists none: planned_values is after, prior_state before.
func (doc *document) compareStates(planned, prior []stateResource) []fact.Resource {
	if len(planned)+len(prior) > 0 {
		doc.plan.Notes = append(doc.plan.Notes, fact.Fault{Where: doc.name,
			Message: "the plan has no resource_changes: they are derived from planned_values and prior_state"})
	}
	at := make(map[string]int, len(prior))
	used := make([]bool, len(prior))
	for i := range prior {
		at[objectKey(&prior[i])] = i
	}
	list := make([]fact.Resource, 0, max(len(planned), len(prior)))
	for _, r := range planned {
		r.After, r.Before = r.Before, nil
		i, existed := at[objectKey(&r)]
		if existed {
			used[i] = true
			r.Before = prior[i].Before
		}
		r.Action = derivedAction(r, existed)
		if r.Action == fact.NoOp {
			r.Before = r.After
		}
		list = append(list, r)
	}
	for i, r := range prior {
		switch {
		case used[i]:
			continue
		case r.Data: // a data source that is read already is not in planned_values
			r.Action, r.After = fact.NoOp, r.Before
		default:
			r.Action = fact.Delete
		}
		list = append(list, r)
	}
	return list
}

func derivedAction(r fact.Resource, existed bool) fact.Action {
	switch {
	case !existed && r.Data:
		return fact.Read
	case !existed:
		return fact.Create
	case bytes.Equal(r.Before, r.After), r.Data:
		return fact.NoOp
	}
	return fact.Update
}

// addUntouched adds what prior_state holds and the plan leaves out: managed resources that -target passed by, and
// data sources that are read already.
func (doc *document) addUntouched(prior []stateResource) {
	known := make(map[string]bool, len(doc.plan.Resources))
	for i := range doc.plan.Resources {
		r := &doc.plan.Resources[i]
		known[objectKey(r)] = true
		if r.PreviousAddress != "" {
			known[r.PreviousAddress+"\x00"+r.Deposed] = true
		}
	}
	managed := 0
	for _, r := range prior {
		if known[objectKey(&r)] {
			continue
		}
		r.Action, r.After = fact.NoOp, r.Before
		doc.plan.Resources = append(doc.plan.Resources, r)
		if !r.Data {
			managed++
		}
	}
	if managed == 0 {
		return
	}
	doc.complete = triNo
	doc.plan.Notes = append(doc.plan.Notes, fact.Fault{Where: doc.name,
		Message: fmt.Sprintf("the plan leaves out %d resource(s) of the state (made with -target?); they count as unchanged", managed),
		Fix:     "plan without -target to see the whole"})
}
