package plan

import (
	"bytes"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// entry is one member of resource_changes or resource_drift while it is read. Its buffers are used again for the next.
type entry struct {
	fact.Resource
	mode          string
	hasChange     bool
	broken        bool // a part of the wrong kind was found and told
	forgets       bool // ["create", "forget"]: the old object stays
	before, after []byte
	unknown       []byte
	beforeMask    any
	afterMask     any
}

// changes reads resource_changes or resource_drift.
func (d *decoder) changes(buffers *entry) (list []fact.Resource, notes []fact.Fault) {
	if !d.begin('[') {
		return nil, nil
	}
	for d.count = 0; d.more(); {
		d.counted()
		r, ok := d.change(buffers)
		if !ok {
			continue
		}
		if buffers.forgets {
			notes = append(notes, fact.Fault{Where: r.Address,
				Message: "the object before is forgotten, not destroyed: it stays and goes on costing, outside Terraform"})
		}
		list = append(list, r)
	}
	return list, notes
}

// change reads one entry into buffers and returns it, unless it has no address.
func (d *decoder) change(e *entry) (fact.Resource, bool) {
	*e = entry{before: e.before[:0], after: e.after[:0], unknown: e.unknown[:0]}
	faults := len(d.faults)
	if d.dec.PeekKind() != '{' {
		d.skip()
		d.fault("is not an object")
		return fact.Resource{}, false
	}
	for d.begin('{'); d.more(); {
		switch string(d.key()) {
		case "address":
			e.Address = d.str(false)
		case "previous_address":
			e.PreviousAddress = d.str(false)
		case "module_address":
			e.Module = d.str(true)
		case "mode":
			e.mode = d.str(true)
		case "type":
			e.Type = d.str(true)
		case "name":
			e.Name = d.str(true)
		case "index":
			e.Index = d.index()
		case "provider_name":
			e.Provider = d.str(true)
		case "deposed", "deposed_key":
			e.Deposed = d.str(false)
		case "action_reason":
			e.Reason = d.str(true)
		case "change":
			e.hasChange = d.dec.PeekKind() == '{'
			d.detail(e)
		default:
			d.skip()
		}
	}
	if d.err != nil {
		return fact.Resource{}, false
	}
	e.broken = len(d.faults) > faults
	d.identify(&e.Resource, e.mode)
	if e.Address == "" {
		return fact.Resource{}, false
	}
	d.store(e)
	return e.Resource, true
}

// detail reads the change object.
func (d *decoder) detail(e *entry) {
	if !d.begin('{') {
		return
	}
	for d.more() {
		switch string(d.key()) {
		case "actions":
			e.Action, e.forgets = d.actions()
		case "before":
			e.before = d.object(e.before)
		case "after":
			e.after = d.object(e.after)
		case "after_unknown":
			e.unknown = d.object(e.unknown)
		case "before_sensitive":
			e.beforeMask = d.mask()
		case "after_sensitive":
			e.afterMask = d.mask()
		case "importing":
			e.Importing = d.dec.PeekKind() == '{'
			d.skip()
		default:
			d.skip()
		}
	}
}

// object reads a compact object; null and false (an empty mask) are absent.
func (d *decoder) object(dst []byte) []byte {
	kind := jsontext.Kind(0)
	if d.err == nil {
		kind = d.dec.PeekKind()
	}
	switch kind {
	case '{':
		return d.compact(dst)
	case 'n', 'f':
		d.skip()
	default:
		d.skip()
		d.fault("is not an object")
	}
	return dst[:0]
}

// index reads an instance key in JSON form.
func (d *decoder) index() string {
	if d.err != nil {
		return ""
	}
	switch d.dec.PeekKind() {
	case '"', '0':
		d.scratch = d.compact(d.scratch)
		return d.word(d.scratch)
	case 'n':
		d.skip()
	default:
		d.skip()
		d.fault("is not an instance key")
	}
	return ""
}

// actions reads the action list. A list that is not known is a fault and stays unknown.
func (d *decoder) actions() (action fact.Action, forgets bool) {
	if !d.begin('[') {
		return fact.ActionUnknown, false
	}
	var words [2]string
	n := 0
	for d.more() {
		word := d.str(true)
		if n < len(words) {
			words[n] = word //nolint:gosec // n is within the array
		}
		n++
	}
	if n > 0 && n <= len(words) {
		action, forgets = actionOf(words)
	}
	if action == fact.ActionUnknown {
		d.fault("is not a list of actions that this version knows")
	}
	return action, forgets
}

func actionOf(words [2]string) (action fact.Action, forgets bool) {
	switch words {
	case [2]string{"no-op"}:
		return fact.NoOp, false
	case [2]string{"create"}:
		return fact.Create, false
	case [2]string{"read"}:
		return fact.Read, false
	case [2]string{"update"}:
		return fact.Update, false
	case [2]string{"delete"}:
		return fact.Delete, false
	case [2]string{"delete", "create"}:
		return fact.DeleteThenCreate, false
	case [2]string{"create", "delete"}:
		return fact.CreateThenDelete, false
	case [2]string{"forget"}:
		return fact.Forget, false
	case [2]string{"create", "forget"}, [2]string{"forget", "create"}:
		return fact.Create, true
	}
	return fact.ActionUnknown, false
}

// identify checks what names a resource.
func (d *decoder) identify(r *fact.Resource, mode string) {
	if r.Address == "" {
		d.fault("has no address")
		return
	}
	if r.Type == "" {
		d.faultAt(r.Address, "has no type")
	}
	if r.Index == "" {
		r.Index = instanceKey(r.Address) // some makers of plans leave the index out
	}
	switch mode {
	case "managed":
	case "data":
		r.Data = true
	case "":
		r.Data = isDataAddress(r.Address)
	default:
		d.faultAt(r.Address, "has a mode that is neither managed nor data")
	}
}

// store keeps the values of an entry, without what is sensitive, and checks them against the action.
func (d *decoder) store(e *entry) {
	if e.Action == fact.Create {
		e.before = e.before[:0] // only ["create", "forget"] has one, and that object leaves the plan
	}
	if len(e.before) > 0 {
		e.Before = d.redacted(e.before, e.beforeMask, e.afterMask)
	}
	switch {
	case len(e.after) == 0:
	case e.Before != nil && bytes.Equal(e.before, e.after):
		e.After = e.Before
	default:
		e.After = d.redacted(e.after, e.beforeMask, e.afterMask)
	}
	if len(e.unknown) > len("{}") {
		e.Unknown = d.keep(e.unknown)
	}
	if e.broken {
		return
	}
	switch {
	case !e.hasChange:
		d.faultAt(e.Address, "has no change")
	case e.Action == fact.ActionUnknown:
		d.faultAt(e.Address, "has no actions")
	default:
		d.complete(e)
	}
}

// complete faults an entry that lacks the side its action needs, which would otherwise count as nothing.
func (d *decoder) complete(e *entry) {
	if e.Data {
		return
	}
	needsBefore, needsAfter := true, true
	switch e.Action {
	case fact.Create, fact.Read:
		needsBefore = false
	case fact.Delete, fact.Forget:
		needsAfter = false
	case fact.NoOp, fact.Update, fact.DeleteThenCreate, fact.CreateThenDelete, fact.ActionUnknown:
	}
	if e.Action == fact.NoOp && (e.Before == nil) != (e.After == nil) {
		if e.Before == nil {
			e.Before = e.After
		}
		e.After = e.Before
	}
	if needsBefore && e.Before == nil {
		d.faultAt(e.Address, "has no values before the change")
	}
	if needsAfter && e.After == nil {
		d.faultAt(e.Address, "has no values after the change")
	}
}

// redacted keeps a value without what the masks of either side mark: a value that becomes sensitive, or was, is the
// same secret on the other side.
func (d *decoder) redacted(v []byte, masks ...any) json.RawMessage {
	for _, mask := range masks {
		if marks(mask) {
			v = appendRedacted(nil, v, mask)
		}
	}
	return d.keep(v)
}
