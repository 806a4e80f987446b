package sku

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// template is a text with variables, such as "{-}BoxUsage:{type}": it is filled to give a product's value, and
// matched to read the variables out of one.
//
//	{name}       a variable of the key
//	{name|pipe}  the variable, changed: only where nothing is read back
//	{-} {+}      the prefix of a usage type that names the region; {-} is empty where AWS leaves it out
//	{region}     the provider's name of the region
type template struct {
	text  string
	parts []part
	re    *regexp.Regexp
}

type part struct {
	literal    string
	name, pipe string // of a variable; empty for a literal
}

// usagePrefix is what stands before a usage type: USE1-, EU-, APS3-.
const usagePrefix = `(?:(?:EU|[A-Z]{3}[0-9])-)?`

func parseTemplate(text string) (*template, error) {
	t := &template{text: text}
	rest := text
	for rest != "" {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			t.parts = append(t.parts, part{literal: rest})
			break
		}
		if open > 0 {
			t.parts = append(t.parts, part{literal: rest[:open]})
		}
		end := strings.IndexByte(rest, '}')
		if end < open {
			return nil, fmt.Errorf("%q: a brace is open", text)
		}
		name, pipe, _ := strings.Cut(rest[open+1:end], "|")
		if name == "" || pipe != "" && pipes(pipe) == nil {
			return nil, fmt.Errorf("%q: {%s} is no variable", text, rest[open+1:end])
		}
		t.parts = append(t.parts, part{name: name, pipe: pipe})
		rest = rest[end+1:]
	}
	return t, nil
}

// readable prepares the template for match.
func (t *template) readable(where map[string]string) error {
	var b strings.Builder
	b.WriteByte('^')
	seen := []string{}
	for i, p := range t.parts {
		switch {
		case p.pipe != "":
			return fmt.Errorf("%q: {%s|%s} cannot be read back; it belongs under serve", t.text, p.name, p.pipe)
		case p.name == "":
			b.WriteString(regexp.QuoteMeta(p.literal))
		case p.name == "-" || p.name == "+":
			b.WriteString(usagePrefix)
		default:
			if slices.Contains(seen, p.name) {
				return fmt.Errorf("%q: {%s} stands twice", t.text, p.name)
			}
			seen = append(seen, p.name)
			pattern := where[p.name]
			if pattern == "" {
				pattern = `[^/]+`
				if i == len(t.parts)-1 {
					pattern = `.+`
				}
			}
			fmt.Fprintf(&b, "(?P<%s>%s)", p.name, pattern)
		}
	}
	b.WriteByte('$')
	re, err := regexp.Compile(b.String())
	if err != nil {
		return fmt.Errorf("%q: %w", t.text, err)
	}
	t.re = re
	return nil
}

func (t *template) constant() bool {
	return len(t.parts) == 0 || len(t.parts) == 1 && t.parts[0].name == ""
}

// alone is the one variable that the whole text is, if it is.
func (t *template) alone() string {
	if len(t.parts) == 1 && t.parts[0].pipe == "" && t.parts[0].name != "-" && t.parts[0].name != "+" {
		return t.parts[0].name
	}
	return ""
}

func (t *template) regional() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.name == "-" || p.name == "+" || p.name == "region" })
}

func (t *template) variables() []string {
	var out []string
	for _, p := range t.parts {
		if p.name != "" && p.name != "-" && p.name != "+" && p.name != "region" {
			out = append(out, p.name)
		}
	}
	return out
}

func (t *template) fill(vars map[string]string, region string) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch p.name {
		case "":
			b.WriteString(p.literal)
		case "-":
			if region != "us-east-1" {
				b.WriteString(prefixOf(region) + "-")
			}
		case "+":
			b.WriteString(prefixOf(region) + "-")
		case "region":
			b.WriteString(region)
		default:
			value := vars[p.name]
			if p.pipe != "" {
				value = pipes(p.pipe)(value)
			}
			b.WriteString(value)
		}
	}
	return b.String()
}

// match reads the variables of a text into vars; false when it does not fit, or contradicts what vars hold.
func (t *template) match(text string, vars map[string]string) bool {
	if t.constant() {
		return t.text == text
	}
	m := t.re.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	for i, name := range t.re.SubexpNames() {
		if name == "" {
			continue
		}
		if had, ok := vars[name]; ok && had != m[i] {
			return false
		}
		vars[name] = m[i]
	}
	return true
}

// pipes are the changes of a variable.
func pipes(name string) func(string) string {
	switch name {
	case "title":
		return func(s string) string {
			if s == "" {
				return s
			}
			return strings.ToUpper(s[:1]) + s[1:]
		}
	case "upper":
		return strings.ToUpper
	case "lower":
		return strings.ToLower
	case "size":
		return azureSize
	case "series":
		return azureSeries
	}
	return nil
}

// azureSize is what a size is called in its meter: Standard_D2s_v5 → D2s v5.
func azureSize(s string) string {
	return strings.ReplaceAll(s[strings.IndexByte(s, '_')+1:], "_", " ")
}

// azureSeries is the series of a size: Standard_D2s_v5 → Dsv5; Basic_A0 → A.
func azureSeries(s string) string {
	size := s[strings.IndexByte(s, '_')+1:]
	first, rest, _ := strings.Cut(size, "_")
	var b strings.Builder
	for _, r := range first {
		if r >= '0' && r <= '9' || r == '-' {
			continue
		}
		b.WriteRune(r)
	}
	return b.String() + strings.ReplaceAll(rest, "_", "")
}
