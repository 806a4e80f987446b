package cost

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

func (c *evaluation) children(f *frame, ch *child, out *sideCost) {
	rec := c.records.get()
	if ch.when != nil {
		v, err := c.eval(f, ch.when, rec)
		if err != nil {
			if f.tell(err) {
				out.add(sideLine{key: lineKey{f.key, ch.group.src, 0}, group: f.group, name: cmp.Or(c.text(f, ch.group), "Cost"), unit: "months", quote: noQuote(err)})
			}
			return
		}
		if v != true {
			return
		}
	}
	scopes := []*scope{f.scope}
	if ch.each != nil {
		v, err := c.eval(f, ch.each, rec)
		if err != nil {
			if f.tell(err) {
				out.add(sideLine{key: lineKey{f.key, ch.group.src, 0}, group: f.group, name: cmp.Or(c.text(f, ch.group), "Cost"), unit: "months", quote: noQuote(err)})
			}
			return
		}
		scopes = scopesOf(v)
	}
	for i, s := range scopes {
		c.child(f, ch, s, i, rec, out)
	}
}

func scopesOf(v any) []*scope {
	switch x := v.(type) {
	case *scope:
		if x != nil {
			return []*scope{x}
		}
	case []*scope:
		return x
	case []any:
		var out []*scope
		for _, e := range x {
			out = append(out, scopesOf(e)...)
		}
		return out
	}
	return nil
}

func (c *evaluation) child(f *frame, ch *child, s *scope, i int, rec *record, out *sideCost) {
	inner := c.frame(f.depth + 1)
	inner.times, inner.factor, inner.service = f.times, f.factor, f.service
	c.enter(inner, s, f.env["u"].(*usageScope), f.env["region"].(string), f.env)
	inner.env["i"] = i
	maps.Copy(inner.lets, f.lets)
	if s == f.scope {
		inner.env["parent"] = f.env["parent"]
	}
	if ch.times != nil {
		v, err := c.eval(inner, ch.times, rec)
		if n, ok := v.(float64); err == nil && ok {
			inner.times *= n
		} else if inner.factor == nil {
			inner.factor = err
		}
	}
	out.assume(rec)
	inner.group = joinGroup(f.group, c.text(inner, ch.group))
	inner.key = f.key + "/" + ch.group.src + "#" + strconv.Itoa(i)
	inner.rules = ch.inline
	var used *rules
	if ch.use != "" {
		var err error
		used, err = c.estimator.compiler.get(ch.use)
		if err != nil || used == nil || inner.depth > maxDepth {
			out.add(sideLine{key: lineKey{inner.key, ch.use, 0}, group: inner.group, name: ch.use, unit: "months", quote: noQuote(fmt.Errorf("the catalogue cannot use %s: %w", ch.use, err))})
			return
		}
		inner.rules, inner.service = used, cmp.Or(used.entry.Service, f.service)
	}
	with := map[string]withValue{}
	for _, b := range ch.with {
		wrec := c.records.get()
		v, err := c.eval(inner, b.expr, wrec)
		wrec.fault = err
		with[b.name] = withValue{v, wrec}
	}
	if used != nil {
		clear(inner.lets)
		// What a fragment prices may be a block of another entry: that entry's defaults come first.
		block := *s
		block.defaults = append(slices.Clip(s.defaults), defaults{rules: used})
		inner.scope, inner.env["r"] = &block, &block
	}
	c.bind(inner, with)
	c.lines(inner, out)
}

func joinGroup(outer, inner string) string {
	switch {
	case outer == "":
		return inner
	case inner == "":
		return outer
	}
	return outer + " / " + inner
}
