package cost

// side prices one resource on one side. What is unknown within bounds is priced at both ends, too.
func (c *evaluation) side(x *instance, r *rules) *sideCost {
	c.end, c.bounded = exactly, nil
	out := c.sideAt(x, r)
	if len(c.bounded) > 0 {
		c.end = atLeast
		low := c.sideAt(x, r)
		c.end = atMost
		high := c.sideAt(x, r)
		c.end = exactly
		out.between(low, high, c.bounded)
	}
	return out
}

func (c *evaluation) sideAt(x *instance, r *rules) *sideCost {
	out := &sideCost{service: r.entry.Service, rule: r.at, pricing: r.entry.Source}
	c.reads, c.records.used = nil, 0
	root := x.root(c, r)
	rec := c.records.get()
	c.record = rec
	region, err := c.regionOf(root, r)
	c.record = nil
	out.assume(rec)
	if err != nil {
		out.add(sideLine{key: lineKey{name: "region"}, name: "Cost of " + x.resource.Type, unit: "months", quote: noQuote(err)})
		out.reads = c.reads
		return out
	}
	out.region = region
	usage := c.usageOf(x.resource)
	usage.rules = r
	f := c.frame(0)
	f.rules, f.service = r, r.entry.Service
	c.enter(f, root, usage, region, nil)
	c.bind(f, nil)
	c.lines(f, out)
	out.reads = c.reads
	return out
}
