package plan

import (
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// checks reads the results of checks, preconditions and postconditions: one for each instance, or one for the
// check itself when it has none.
func (d *decoder) checks() (list []fact.CheckResult) {
	if !d.begin('[') {
		return nil
	}
	for d.more() {
		check, instances := d.check()
		if len(instances) == 0 && d.err == nil {
			instances = []fact.CheckResult{check}
		}
		list = append(list, instances...)
	}
	return list
}

// check reads a check or one of its instances; both have the same form.
func (d *decoder) check() (c fact.CheckResult, instances []fact.CheckResult) {
	c.Status = "unknown"
	if !d.begin('{') {
		return c, nil
	}
	for d.more() {
		switch string(d.key()) {
		case "address":
			c.Address = d.displayed()
		case "status":
			c.Status = d.status()
		case "problems":
			c.Problem = d.problems()
		case "instances":
			if !d.begin('[') {
				continue
			}
			for d.more() {
				instance, _ := d.check()
				instances = append(instances, instance)
			}
		default:
			d.skip()
		}
	}
	return c, instances
}

func (d *decoder) displayed() (address string) {
	if !d.begin('{') {
		return ""
	}
	for d.more() {
		if string(d.key()) == "to_display" {
			address = d.str(false)
			continue
		}
		d.skip()
	}
	return address
}

// status is a known word; any other is a fault and counts as unknown.
func (d *decoder) status() string {
	switch s := d.str(true); s {
	case "pass", "fail", "error", "unknown":
		return s
	}
	d.fault("is not a check status that this version knows")
	return "unknown"
}

func (d *decoder) problems() string {
	if !d.begin('[') {
		return ""
	}
	var messages []string
	for d.more() {
		if !d.begin('{') {
			continue
		}
		for d.more() {
			if string(d.key()) == "message" {
				messages = append(messages, d.str(false))
				continue
			}
			d.skip()
		}
	}
	return strings.Join(messages, "; ")
}
