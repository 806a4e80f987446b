// Package plantest writes realistic plan JSON of any size, the same bytes for the same seed.
package plantest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Generate writes a plan of n managed resources, about 1.1 KB each, to w: resource_changes and configuration. A
// write error is w's to remember.
func Generate(w io.Writer, n int, seed uint64) { generate(w, n, seed, false) }

// GenerateFull writes the same plan with planned_values and prior_state, as Terraform itself does.
func GenerateFull(w io.Writer, n int, seed uint64) { generate(w, n, seed, true) }

// generator holds one plan while it is written.
type generator struct {
	*bufio.Writer
	rng    *rand.Rand
	blocks []block
}

// block is one resource block of the configuration and its instances.
type block struct {
	kind      *kind
	module    string // module name, or empty
	name      string
	instances int
	keyed     bool // for_each rather than count; only when instances > 1
	objects   []object
}

// object is one instance.
type object struct {
	address, index string
	action         string
	before, after  string // attributes as JSON; empty for none
	unknown        string
}

var modules = []string{"", "", "", "network", "payments", "search", "batch"}

func generate(w io.Writer, n int, seed uint64, full bool) {
	g := &generator{Writer: bufio.NewWriterSize(w, 1<<16), rng: rand.New(rand.NewPCG(seed, 0x706c616e))}
	g.layOut(n)
	g.WriteString(`{"format_version":"1.2","terraform_version":"1.11.4",` + variables)
	if full {
		g.WriteString(`,"planned_values":`)
		g.state(func(o *object) string { return o.after })
	}
	g.WriteString(`,"resource_changes":[`)
	first := true
	g.each(func(b *block, o *object) {
		g.separate(&first)
		g.change(b, o)
	})
	g.WriteString("]")
	if full {
		g.WriteString(`,"prior_state":{"format_version":"1.0","terraform_version":"1.11.4","values":`)
		g.state(func(o *object) string { return o.before })
		g.WriteString("}")
	}
	g.configuration()
	g.WriteString(`,"timestamp":"2026-01-02T03:04:05Z","applyable":true,"complete":true,"errored":false}` + "\n")
	g.Flush() //nolint:errcheck // Generate's contract: w remembers
}

const variables = `"variables":{"region":{"value":"eu-west-1"},"environment":{"value":"production"},"db_password":{"value":"hunter2-not-a-real-secret"}}`

// layOut chooses blocks and instances until there are n.
func (g *generator) layOut(n int) {
	for i := 0; n > 0; i++ {
		b := block{kind: g.pick(), module: modules[g.rng.IntN(len(modules))], name: fmt.Sprintf("%s_%d", g.word(), i), instances: 1}
		if g.rng.IntN(3) == 0 {
			b.instances = min(n, 2+g.rng.IntN(6))
			b.keyed = g.rng.IntN(2) == 0
		}
		n -= b.instances
		for k := range b.instances {
			b.objects = append(b.objects, g.object(&b, k))
		}
		g.blocks = append(g.blocks, b)
	}
}

func (g *generator) pick() *kind {
	at := g.rng.IntN(totalWeight())
	for i := range kinds {
		at -= kinds[i].weight
		if at < 0 {
			return &kinds[i]
		}
	}
	return &kinds[0]
}

func totalWeight() (sum int) {
	for i := range kinds {
		sum += kinds[i].weight
	}
	return sum
}

// action is no-op 60 %, create 20 %, update 12 %, replace 4 %, delete 4 %.
func (g *generator) action() string {
	switch p := g.rng.IntN(100); {
	case p < 60:
		return `"no-op"`
	case p < 80:
		return `"create"`
	case p < 92:
		return `"update"`
	case p < 95:
		return `"delete","create"`
	case p < 96:
		return `"create","delete"`
	}
	return `"delete"`
}

func (g *generator) object(b *block, k int) object {
	o := object{address: b.kind.name + "." + b.name, action: g.action()}
	if b.module != "" {
		o.address = "module." + b.module + "." + o.address
	}
	if b.instances > 1 {
		o.index = strconv.Itoa(k)
		if b.keyed {
			o.index = strconv.Quote(string(rune('a'+k)) + "-" + zones[k%len(zones)])
		}
		o.address += "[" + o.index + "]"
	}
	seed := g.rng.Uint64()
	known, created := g.attributes(b, seed, 0, true), g.attributes(b, seed, 0, false)
	switch o.action {
	case `"no-op"`:
		o.before, o.after = known, known
	case `"create"`:
		o.after, o.unknown = created, unknownAfterCreate
	case `"update"`:
		o.before, o.after = known, g.attributes(b, seed, 1, true)
	case `"delete"`:
		o.before = known
	default:
		o.before, o.after, o.unknown = known, g.attributes(b, seed, 1, false), unknownAfterCreate
	}
	return o
}

const unknownAfterCreate = `"arn":true,"id":true`

// attributes fills the kind's template. Version 1 differs from 0 in what an update changes; what the provider
// computes is there only when known.
func (g *generator) attributes(b *block, seed, version uint64, known bool) string {
	rng := rand.New(rand.NewPCG(seed, 7))
	id := fmt.Sprintf("%017x", rng.Uint64())
	pick := func(list []string) string { return list[(rng.Uint64()+version)%uint64(len(list))] }
	zone := zones[rng.IntN(len(zones))]
	text := strings.NewReplacer("$NAME", strings.ReplaceAll(b.name, "_", "-"), "$ID", id[:8], "$ZONE", zone,
		"$SIZE", pick([]string{"8", "20", "50", "100", "250", "500"}), "$INSTANCE", pick(instanceTypes),
		"$DBCLASS", pick(databaseClasses), "$VM", pick(virtualMachines), "$MACHINE", pick(machineTypes),
		"$N", strconv.Itoa(1+rng.IntN(4))).Replace(b.kind.attributes)
	tags := fmt.Sprintf(`{"Environment":"production","Owner":%q}`, g.team(rng))
	if rng.IntN(20) == 0 { // somebody always forgets
		tags = `{"Environment":"production"}`
	}
	switch b.kind.labels {
	case "":
	case "labels":
		text += `,"labels":` + strings.ToLower(tags)
	default:
		text += `,"tags":` + tags
	}
	if known {
		return fmt.Sprintf(`{"arn":"arn:aws:svc:eu-west-1:123456789012:%s/%s","id":"%s",%s}`, b.name, id[:17], id[:17], text)
	}
	return "{" + text + "}"
}

func (g *generator) team(rng *rand.Rand) string {
	return []string{"payments", "platform", "search", "data"}[rng.IntN(4)]
}

func (g *generator) word() string {
	return []string{"web", "api", "worker", "main", "cache", "logs", "events", "reports", "edge", "jobs"}[g.rng.IntN(10)]
}

func (g *generator) each(f func(*block, *object)) {
	for i := range g.blocks {
		for k := range g.blocks[i].objects {
			f(&g.blocks[i], &g.blocks[i].objects[k])
		}
	}
}
