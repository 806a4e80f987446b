package config

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xeipuuv/gojsonschema"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
)

// published is the schema of docs/schema, as it stands and compiled.
type published struct {
	raw      map[string]any
	compiled *gojsonschema.Schema
}

func publishedSchema(t testing.TB) published {
	t.Helper()
	b, err := os.ReadFile("../../docs/schema/platform.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var p published
	if err := json.Unmarshal(b, &p.raw); err != nil {
		t.Fatal(err)
	}
	if p.compiled, err = gojsonschema.NewSchema(gojsonschema.NewBytesLoader(b)); err != nil {
		t.Fatal(err)
	}
	return p
}

// organisationSchema is that of the organisation's file, which refers to the repository's.
func organisationSchema(t testing.TB) published {
	t.Helper()
	loader := gojsonschema.NewSchemaLoader()
	if err := loader.AddSchemas(gojsonschema.NewBytesLoader(read(t, "../../docs/schema/platform.schema.json"))); err != nil {
		t.Fatal(err)
	}
	b := read(t, "../../docs/schema/organisation.schema.json")
	var p published
	if err := json.Unmarshal(b, &p.raw); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.compiled, err = loader.Compile(gojsonschema.NewBytesLoader(b)); err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOrganisationSchema: schema and parser take the same cases, but for what only the parser can say.
func TestOrganisationSchema(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/organisation/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	schema := organisationSchema(t)
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if f.Name != "organisation.yml" {
				continue
			}
			_, err := ParseOrganisation("o", f.Data)
			if faults, valid := schema.validate(f.Data); valid != (err == nil) {
				t.Errorf("%s: the parser says %v, the schema %v", file, err, faults)
			}
		}
	}
	known := map[string][]string{}
	p := &parser{visit: func(at string, words []string) { known[at] = words }}
	root := p.document([]byte("version: 1"))
	p.shared(root, "")
	for _, name := range []string{"defaults", "enforced"} {
		section := schema.raw["properties"].(map[string]any)[name].(map[string]any)
		if diff := cmp.Diff(known[""], slices.Sorted(maps.Keys(section["properties"].(map[string]any)))); diff != "" {
			t.Errorf("%s: -parser +schema:\n%s", name, diff)
		}
	}
}

// validate judges a YAML document as an editor does: by its values, dates as they are written, keys as texts.
func (p published) validate(data []byte) (faults []gojsonschema.ResultError, valid bool) {
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil {
		return nil, false
	}
	text, err := json.Marshal(plainValue(&doc, 0))
	if err != nil {
		return nil, false
	}
	result, err := p.compiled.Validate(gojsonschema.NewBytesLoader(text))
	if err != nil {
		return nil, false
	}
	return result.Errors(), result.Valid()
}

func plainValue(n *yaml.Node, depth int) any {
	switch {
	case depth > 100:
		return nil
	case n.Kind == yaml.DocumentNode:
		return plainValue(n.Content[0], depth)
	case n.Kind == yaml.AliasNode:
		return plainValue(n.Alias, depth+1)
	case n.Kind == yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plainValue(n.Content[i+1], depth+1)
		}
		return out
	case n.Kind == yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, plainValue(c, depth+1))
		}
		return out
	case n.Tag == "!!int" || n.Tag == "!!float":
		if plainNumber.MatchString(n.Value) {
			return json.Number(n.Value)
		}
		f, _ := strconv.ParseFloat(n.Value, 64)
		return f
	case n.Tag == "!!bool":
		return strings.EqualFold(n.Value, "true")
	case n.Tag == "!!null":
		return nil
	}
	return n.Value
}

// resolve is a schema with $ref and allOf put in place. What a schema says itself wins over what it refers to.
func (p published) resolve(schema map[string]any) map[string]any {
	out := maps.Clone(schema)
	merge := func(from map[string]any) {
		for k, v := range p.resolve(from) {
			if _, own := out[k]; !own {
				out[k] = v
			}
		}
	}
	if name, ok := out["$ref"].(string); ok {
		definitions, _ := p.raw["definitions"].(map[string]any)
		if target, ok := definitions[strings.TrimPrefix(name, "#/definitions/")].(map[string]any); ok {
			delete(out, "$ref")
			merge(target)
		}
	}
	all, _ := out["allOf"].([]any)
	delete(out, "allOf")
	for _, one := range all {
		merge(one.(map[string]any))
	}
	return out
}

// place is a value in a configuration and what the schema says of it.
type place struct {
	path     []string // keys, and [] for the element of a list
	schema   map[string]any
	required bool
}

func (p place) String() string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.Join(p.path, "."), ".[]", "[0]"), "[]", "[0]")
}

// document is a configuration that has nothing but a value at a place.
func (p place) document(value string) []byte {
	for _, step := range slices.Backward(p.path) {
		if step == "[]" {
			value = "[" + value + "]"
		} else {
			value = "{" + step + ": " + value + "}"
		}
	}
	if p.String() == "version" {
		return []byte(value)
	}
	return []byte(strings.Replace(value, "{", "{version: 1, ", 1))
}

// closed reports a map that has the keys of the schema and no others.
func (p place) closed() bool {
	return p.schema["additionalProperties"] == false && p.schema["patternProperties"] == nil
}

func (p place) keys() []string {
	properties, _ := p.schema["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

// openNames are the keys that stand for any, by the map that takes them.
var openNames = map[string]string{"environments": "production", "cost.exchange_rates": "USD", "policies.params": "required_tags"}

// places walks the schema, the file itself first.
func (p published) places(t testing.TB) []place {
	t.Helper()
	var out []place
	var walk func(schema map[string]any, path []string, required bool)
	walk = func(schema map[string]any, path []string, required bool) {
		here := place{slices.Clone(path), p.resolve(schema), required}
		out = append(out, here)
		if slices.Contains(path, openNames["policies.params"]) {
			return // any value: it holds itself
		}
		needed, _ := here.schema["required"].([]any)
		properties, _ := here.schema["properties"].(map[string]any)
		for _, key := range here.keys() {
			walk(properties[key].(map[string]any), append(path, key), slices.Contains(needed, any(key)))
		}
		rest, open := here.schema["additionalProperties"].(map[string]any)
		patterns, _ := here.schema["patternProperties"].(map[string]any)
		for _, inner := range patterns {
			rest, open = inner.(map[string]any), true
		}
		if open {
			name := openNames[here.String()]
			if name == "" {
				t.Fatalf("%s takes any key: name one in openNames", here)
			}
			walk(rest, append(path, name), false)
		}
		if items, ok := here.schema["items"].(map[string]any); ok {
			walk(items, append(path, "[]"), false)
		}
	}
	walk(p.raw, nil, true)
	return out
}

// faultsAt are the parser's faults at a place.
func faultsAt(data []byte, key string) (messages []string) {
	p := &parser{file: "platform.yml"}
	_, _ = p.parse(data)
	for _, fault := range p.faults {
		if fault.Key == key {
			messages = append(messages, fault.Message)
		}
	}
	return messages
}

// TestSchemaKeys holds that the schema names exactly the keys that the parser knows, at every place. Nothing is no
// value of any key, so the parser speaks of it wherever it knows the key; and every map that the parser reads, it
// reads at some place of the schema.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	known, named := map[string][]string{}, map[string][]string{}
	for _, at := range publishedSchema(t).places(t) {
		key := at.String()
		if at.closed() {
			named[key] = at.keys()
			stranger := place{path: append(slices.Clone(at.path), "no_such_key")}
			if got := faultsAt(stranger.document("1"), stranger.String()); !slices.Contains(got, "unknown key") {
				t.Errorf("the parser takes %s: %q", stranger, got)
			}
		}
		for _, value := range []string{"{}", "[{}]"} {
			p := &parser{file: "platform.yml", visit: func(key string, words []string) { known[key] = words }}
			if key == "" {
				value = "{version: 1}"
			}
			_, _ = p.parse(at.document(value))
		}
		if key == "" {
			continue
		}
		if got := faultsAt(at.document("~"), key); len(got) == 0 || slices.Contains(got, "unknown key") {
			t.Errorf("%s: the parser says %q of an empty value, want a fault of a key that it knows", key, got)
		}
	}
	if diff := cmp.Diff(known, named); diff != "" {
		t.Errorf("-parser +schema:\n%s", diff)
	}
}

// TestSchemaAgrees holds that the schema takes what the parser takes, and refuses what it refuses, but where the
// comment of a case says "schema: accepts": what two values have to do with each other, a schema does not say.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema := publishedSchema(t)
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	refused, taken := 0, 0
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			var doc yaml.Node
			if f.Name != "platform.yml" || yaml.Unmarshal(f.Data, &doc) != nil || len(doc.Content) == 0 {
				continue // not YAML, or nothing: there is no value to judge
			}
			_, fault := Parse(f.Name, f.Data)
			faults, valid := schema.validate(f.Data)
			excused := strings.Contains(string(a.Comment), "schema: accepts\n")
			switch {
			case fault == nil && !valid:
				t.Errorf("%s: the parser takes it, the schema does not: %v", file, faults)
			case fault != nil && valid && !excused:
				t.Errorf("%s: the schema takes it, the parser does not: %v", file, fault)
			case excused && (fault == nil || !valid):
				t.Errorf("%s: the schema refuses it as the parser does, or both take it: the case needs no comment", file)
			case valid:
				taken++
			default:
				refused++
			}
		}
	}
	if taken < 5 || refused < 15 {
		t.Errorf("%d files taken and %d refused: too few to say anything", taken, refused)
	}
}

// wholeFile is the example of docs/configuration.md that shows every key.
func wholeFile(t *testing.T) string {
	t.Helper()
	_, text, _ := strings.Cut(documentation(t), "## A whole file\n")
	_, text, _ = strings.Cut(text, "```yaml\n")
	text, _, found := strings.Cut(text, "```")
	if !found {
		t.Fatal("docs/configuration.md has no whole file")
	}
	return text
}

func documentation(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// find is the first node at a place, and the map or list around it; nil when there is none.
func find(n *yaml.Node, path []string) (at, around *yaml.Node) {
	if len(path) == 0 {
		return n, nil
	}
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode && path[0] == "[]":
		case n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == path[0]:
		default:
			continue
		}
		at, around = find(c, path[1:])
		if at == nil {
			continue
		}
		if around == nil {
			around = n
		}
		return at, around
	}
	return nil, nil
}

// edited is the whole file after a change of one of its values.
func edited(t *testing.T, path []string, edit func(at, around *yaml.Node)) []byte {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(wholeFile(t)), &doc); err != nil {
		t.Fatal(err)
	}
	at, around := find(doc.Content[0], path)
	if at == nil {
		t.Fatalf("the whole file of docs/configuration.md does not show %s", strings.Join(path, "."))
	}
	edit(at, around)
	out, err := yaml.Marshal(&doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func set(value string) func(at, around *yaml.Node) {
	return func(at, _ *yaml.Node) {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(value), &doc); err != nil {
			panic(err)
		}
		*at = *doc.Content[0]
	}
}

func remove(at, around *yaml.Node) {
	i := slices.Index(around.Content, at)
	around.Content = slices.Delete(around.Content, i-1, i+1)
}

// TestSchemaBounds holds that required keys, words, bounds and defaults of the schema are the parser's: each is
// tried at its edge, in the whole file of the documentation.
func TestSchemaBounds(t *testing.T) {
	t.Parallel()
	schema := publishedSchema(t)
	tried := 0
	for _, at := range schema.places(t) {
		if len(at.path) == 0 {
			continue
		}
		tryEdit := func(value string, edit func(at, around *yaml.Node), want bool) {
			tried++
			data := edited(t, at.path, edit)
			if got := faultsUnder(data, at.path); (len(got) == 0) != want {
				t.Errorf("%s: %.80s: the parser says %q, want it taken: %v", at, value, got, want)
			}
			if faults, valid := schema.validate(data); !want && valid || want && slices.ContainsFunc(faults, func(e gojsonschema.ResultError) bool {
				return strings.HasPrefix(e.Context().String(), "(root)."+strings.ReplaceAll(strings.Join(at.path, "."), "[]", "0"))
			}) {
				t.Errorf("%s: %.80s: the schema says %v, want it taken: %v", at, value, faults, want)
			}
		}
		try := func(value string, want bool) { tryEdit(value, set(value), want) }
		types(t, at, try)
		edges(at.schema, try)
		if items, ok := at.schema["items"].(map[string]any); ok && schema.resolve(items)["type"] == "string" {
			tryEdit("the same twice", func(at, _ *yaml.Node) { at.Content = append(at.Content, at.Content[0]) }, false)
		}
		if at.path[len(at.path)-1] == "[]" {
			continue
		}
		_, err := Parse("platform.yml", edited(t, at.path, remove))
		if missing := err != nil && strings.Contains(err.Error(), "is missing"); missing != at.required {
			t.Errorf("%s: required by the parser: %v, by the schema: %v", at, missing, at.required)
		}
		if words, ok := at.schema["default"]; ok {
			sameAsDefault(t, at, words)
		}
	}
	if tried < 100 {
		t.Errorf("%d edges tried: too few to say anything", tried)
	}
}

// faultsUnder are the parser's faults at a place of the whole file or below it.
func faultsUnder(data []byte, path []string) (messages []string) {
	p := &parser{file: "platform.yml"}
	_, _ = p.parse(data)
	key := regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(place{path: path}.String()), `\[0\]`, `\[\d+\]`) + `($|[.\[])`)
	for _, fault := range p.faults {
		if key.MatchString(fault.Key) && !strings.Contains(fault.Message, "is missing") {
			messages = append(messages, fault.Key+": "+fault.Message)
		}
	}
	return messages
}

// edges tries values at and beyond each bound of a schema.
func edges(schema map[string]any, try func(value string, want bool)) {
	whole := func(key string) (int, bool) {
		f, ok := schema[key].(float64)
		return int(f), ok
	}
	if v, ok := whole("minimum"); ok {
		try(strconv.Itoa(v), true)
		try(strconv.Itoa(v-1), false)
	}
	if v, ok := whole("maximum"); ok {
		try(strconv.Itoa(v), true)
		try(strconv.Itoa(v+1), false)
	}
	if v, ok := whole("exclusiveMinimum"); ok {
		try(strconv.Itoa(v), false)
		try(strconv.Itoa(v+1), true)
	}
	if v, ok := whole("exclusiveMaximum"); ok {
		try(strconv.Itoa(v), false)
		try(strconv.Itoa(v-1), true)
	}
	if v, ok := whole("maxLength"); ok {
		try(strings.Repeat("a", v+1), false)
	}
	if words, ok := schema["enum"].([]any); ok {
		for _, word := range words {
			try(word.(string), true)
		}
		try("no-such-word", false)
	}
	if schema["type"] == "array" {
		_, some := whole("minItems")
		try("[]", !some)
	}
}

// types tries a value of every other type than that of a place, and one of each where there are several.
func types(t *testing.T, at place, try func(value string, want bool)) {
	t.Helper()
	several, _ := at.schema["type"].([]any)
	one, _ := at.schema["type"].(string)
	if one == "" && len(several) == 0 {
		t.Errorf("%s has no type in the schema", at)
	}
	for name, value := range map[string]string{
		"null": "~", "boolean": "true", "integer": "1", "number": "1.5", "string": "word", "array": "[]", "object": "{}",
	} {
		switch {
		case slices.Contains(several, any(name)):
			try(value, true)
		case name != one && (name != "integer" || one != "number" && !slices.Contains(several, any("number"))):
			try(value, false)
		}
	}
}

// sameAsDefault wants the same settings with a default written out as without the key. Rates are left away for it:
// they are due with any currency but the default, and wrong with that.
func sameAsDefault(t *testing.T, at place, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	noRates := regexp.MustCompile(`(?m)^ *exchange_rates: .*\n`)
	without, err := Parse("platform.yml", noRates.ReplaceAll(edited(t, at.path, remove), nil))
	if err != nil {
		t.Errorf("%s cannot be left away: %v", at, err)
	}
	with, err := Parse("platform.yml", noRates.ReplaceAll(edited(t, at.path, set(string(text))), nil))
	if err != nil {
		t.Errorf("%s: %s: %v", at, text, err)
	}
	without.Digest, with.Digest = "", ""
	if diff := cmp.Diff(without, with); diff != "" {
		t.Errorf("%s: %s is not the default, -without +with:\n%s", at, text, diff)
	}
}

// TestDocumentedExamples parses every example of docs/configuration.md: settings with the parser and the schema,
// usage files with theirs.
func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	schema := publishedSchema(t)
	settings, usages := 0, 0
	examples := regexp.MustCompile("(?s)```yaml\n((?:#[^\n]*\n)*version: (\\S+)\n.*?)```").FindAllStringSubmatch(documentation(t), -1)
	for _, m := range regexp.MustCompile("(?m)^\\| `(cost: .*?)` \\|").FindAllStringSubmatch(documentation(t), -1) {
		examples = append(examples, []string{"", "version: 1\n" + m[1] + "\n", "1"}) // a row of the table of limits
	}
	for _, m := range examples {
		if m[2] == "0.1" {
			usages++
			if _, err := cost.ParseUsage("docs/configuration.md", strings.NewReader(m[1])); err != nil {
				t.Errorf("%v in:\n%s", err, m[1])
			}
			continue
		}
		settings++
		if strings.Contains(m[1], "\nenforced:") {
			_, err := ParseOrganisation("docs/configuration.md", []byte(m[1]))
			if faults, ok := organisationSchema(t).validate([]byte(m[1])); err != nil || !ok {
				t.Errorf("%v %v in:\n%s", err, faults, m[1])
			}
			continue
		}
		if _, err := Parse("docs/configuration.md", []byte(m[1])); err != nil {
			t.Errorf("%v in:\n%s", err, m[1])
		}
		if faults, ok := schema.validate([]byte(m[1])); !ok {
			t.Errorf("%v in:\n%s", faults, m[1])
		}
	}
	if settings < 10 || usages < 1 {
		t.Errorf("%d examples of settings, %d of usage files", settings, usages)
	}
}

// TestDocumentedKeys holds that docs/configuration.md has every key in a table and in its whole file, and tells
// exactly those that do not act.
func TestDocumentedKeys(t *testing.T) {
	t.Parallel()
	text := documentation(t)
	rows := strings.Join(regexp.MustCompile(`(?m)^(\||## ).*$`).FindAllString(text, -1), "\n")
	for _, at := range publishedSchema(t).places(t) {
		if len(at.path) == 0 || at.path[len(at.path)-1] == "[]" {
			continue
		}
		edited(t, at.path, func(_, _ *yaml.Node) {})
		key := at.path[len(at.path)-1]
		told := regexp.MustCompile("`([a-z_….\\[\\]]+\\.)?" + key + "[`.]|(?m)^## .*\\b" + key + "\\b")
		if !slices.Contains(slices.Collect(maps.Values(openNames)), key) && !told.MatchString(rows) {
			t.Errorf("no table or heading of docs/configuration.md has %s", at)
		}
	}
	c, err := Parse("docs/configuration.md", []byte(wholeFile(t)))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(text, "## What does not act yet\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var told []string
	for _, m := range regexp.MustCompile("(?m)^- `([a-z._]+)`").FindAllStringSubmatch(section, -1) {
		told = append(told, m[1])
	}
	slices.Sort(told)
	if diff := cmp.Diff(c.Unused(), told); diff != "" {
		t.Errorf("what does not act, -parser +documented:\n%s", diff)
	}
}

// FuzzSchema looks for a file that the parser takes and the schema does not.
func FuzzSchema(f *testing.F) {
	schema := publishedSchema(f)
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, in := range a.Files {
			if in.Name == "platform.yml" {
				f.Add(in.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Parse("f", data); err != nil {
			return
		}
		if faults, valid := schema.validate(data); !valid {
			t.Errorf("the parser takes it, the schema does not: %v\n%s", faults, data)
		}
	})
}
