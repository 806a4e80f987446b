package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxBytes is the largest file that is read; the largest real ones have a few kilobytes.
const MaxBytes = 1 << 20

// Parse reads a configuration. The error is an *Errors with every fault, name being the file's name in it.
func Parse(name string, data []byte) (Config, error) {
	p := &parser{file: name}
	return p.parse(data)
}

// parser collects the faults of one file.
type parser struct {
	file   string
	faults []Error
	more   int
	visit  func(key string, known []string) // told of every map with fixed keys; for tests
}

func (p *parser) parse(data []byte) (Config, error) {
	c := p.config(data)
	if len(p.faults) > 0 {
		return Config{}, newErrors(p.faults, p.more)
	}
	sum := sha256.Sum256(data)
	c.Digest = "sha256:" + hex.EncodeToString(sum[:])
	return c, nil
}

// config reads the document. What it returns counts only when there is no fault.
func (p *parser) config(data []byte) Config {
	c := Default()
	root := p.document(data)
	if root == nil || !p.version(root, &c.Version) {
		return c
	}
	p.fields(root, "", fields{
		"version":      func(*yaml.Node, string) {},
		"roots":        func(n *yaml.Node, at string) { c.Roots = p.roots(n, at) },
		"cost":         func(n *yaml.Node, at string) { p.cost(n, at, &c.Cost) },
		"policies":     func(n *yaml.Node, at string) { p.policies(n, at, &c.Policies) },
		"environments": func(n *yaml.Node, at string) { c.Environments = p.environments(n, at) },
	}, "version")
	return c
}

// document is the one document's root map, or nil after a fault.
func (p *parser) document(data []byte) *yaml.Node {
	if len(data) > MaxBytes {
		p.fault(1, 1, "", fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), MaxBytes), "keep settings only in it")
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) {
		line, column := firstInvalid(data)
		p.fault(line, column, "", "the file is not UTF-8", "save it as UTF-8")
		return nil
	}
	var doc, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&doc); err != nil {
		p.syntax(data, err)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		p.fault(second.Line, second.Column, "", "the file has a second document", "keep one, without a --- line between")
		return nil
	} else if !errors.Is(err, io.EOF) {
		p.syntax(data, err)
		return nil
	}
	return p.root(&doc)
}

// root is the document's map, or nil after a fault.
func (p *parser) root(doc *yaml.Node) *yaml.Node {
	if len(doc.Content) != 1 || doc.Content[0].Tag == "!!null" {
		p.empty()
		return nil
	}
	root := doc.Content[0]
	if !p.plain(root, 0) {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		p.node(root, "", "the file is "+kind(root)+", a map of keys is due", "begin with `version: 1`")
		return nil
	}
	return root
}

func (p *parser) empty() {
	p.fault(1, 1, "", "the file is empty", "begin with `version: 1`, or delete the file for the defaults")
}

// version reads the version before anything else: a file for a newer platform has keys that only that one can
// judge.
func (p *parser) version(root *yaml.Node, into *int) bool {
	n := child(root, "version")
	if n == nil {
		return true // told as a missing key
	}
	v, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float":
		p.node(n, "version", "is "+kind(n)+", the number 1 is due", "write `version: 1`")
		return false
	case err != nil || v < 1:
		p.node(n, "version", quote(n.Value)+" is no version", "write `version: 1`")
		return false
	case v > Version:
		p.node(n, "version", fmt.Sprintf("written for a newer platform: version %d; this one reads %d", v, Version), "update the platform")
		return false
	}
	*into = v
	return true
}

// plain refuses what makes YAML mean something else than it seems to: anchors, aliases and tags. Without aliases a
// small file cannot grow. False: the tree must not be read further.
func (p *parser) plain(n *yaml.Node, depth int) bool {
	const maxDepth = 32
	switch {
	case depth > maxDepth:
		p.node(n, "", fmt.Sprintf("is nested deeper than %d levels", maxDepth), "flatten it")
		return false
	case n.Kind == yaml.AliasNode:
		p.node(n, "", "an alias is not read here", "write the value out")
		return false
	case n.Anchor != "":
		p.node(n, "", "an anchor is not read here", "write the value out where it is used")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		p.node(n, "", "a tag is not read here", "leave the word with the ! away")
		return false
	}
	ok := true
	for _, c := range n.Content {
		ok = p.plain(c, depth+1) && ok
	}
	return ok
}
