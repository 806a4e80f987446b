package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/verdict"
)

// maxText bounds a text that a policy puts into a finding.
const maxText = 2000

// results turns the value of one entry into findings. What cannot be judged is a finding of its own.
func (u *unit) results(e *entry, t *ast.Term, sev severities) []verdict.Finding {
	set, ok := t.Value.(ast.Set)
	if !ok {
		return []verdict.Finding{u.broken(fmt.Sprintf("rule %s.%s gives %s and not a set", u.pkg, e.name, ast.ValueName(t.Value)),
			"write `"+e.name+" contains …`")}
	}
	out := make([]verdict.Finding, 0, set.Len())
	for _, item := range set.Slice() {
		f, err := u.finding(e, item, sev)
		switch {
		case errors.Is(err, errPassed):
			continue
		case err != nil:
			f = u.broken(fmt.Sprintf("rule %s.%s gives a result that cannot be judged: %v", u.pkg, e.name, err),
				"give objects with msg, or strings")
		}
		f.Bundle = u.bundle
		out = append(out, f)
	}
	return out
}

// errPassed is an Infracost result with failed = false, or a finding of a disabled rule.
var errPassed = errors.New("passed")

func (u *unit) finding(e *entry, item *ast.Term, sev severities) (verdict.Finding, error) {
	switch u.dialect {
	case DialectConftest, DialectInfracost:
		return u.foreignFinding(e, item)
	}
	return u.ourFinding(e, item, sev)
}

func (u *unit) ourFinding(e *entry, item *ast.Term, sev severities) (verdict.Finding, error) {
	var f verdict.Finding
	fields, err := textFields(item, "id", "title", "msg", "address", "file", "severity", "fix")
	if err != nil {
		return f, err
	}
	rule, err := u.ruleOf(fields["id"])
	if err != nil {
		return f, err
	}
	if rule.Disabled {
		return f, errPassed
	}
	f = verdict.Finding{ID: rule.ID, Title: clip(orElse(fields["title"], rule.Title), 60), Message: fields["msg"],
		Address: fields["address"], File: fields["file"], Fix: fields["fix"], Severity: sev.of(rule)}
	if e.severity == verdict.Warn && f.Severity == verdict.Block {
		f.Severity = verdict.Warn
	}
	if word, ok := fields["severity"]; ok {
		if err := f.Severity.UnmarshalText([]byte(word)); err != nil {
			return f, errors.New("severity is none of block, warn, allow, undecided")
		}
	}
	if obj, ok := item.Value.(ast.Object); ok {
		if unclear, err := boolField(obj, "unclear"); err != nil {
			return f, err
		} else if unclear && f.Severity == verdict.Block {
			f.Severity = verdict.Undecided // a blocking rule that cannot see its value must not let it pass, nor call it wrong
		}
		f.Line = intField(obj, "line")
	}
	if f.Message == "" {
		return f, errors.New("msg is missing")
	}
	return f, unknownKeys(item)
}

func (u *unit) ruleOf(id string) (*Rule, error) {
	if id == "" && len(u.rules) == 1 {
		return &u.rules[0], nil
	}
	for i := range u.rules {
		if u.rules[i].ID == id {
			return &u.rules[i], nil
		}
	}
	if id == "" {
		return nil, fmt.Errorf("the package declares %d ids and the result has none", len(u.rules))
	}
	return nil, fmt.Errorf("id %s is not declared in the METADATA of the package", quote(id))
}

func (u *unit) foreignFinding(e *entry, item *ast.Term) (verdict.Finding, error) {
	rule := &u.rules[e.rule]
	f := verdict.Finding{ID: rule.ID, Title: rule.Title, Severity: rule.Severity, Dialect: u.dialect}
	fields, err := textFields(item, "msg")
	if err != nil {
		return f, err
	}
	if f.Message = fields["msg"]; f.Message == "" {
		return f, errors.New("msg is missing")
	}
	if u.dialect == DialectInfracost {
		obj, ok := item.Value.(ast.Object)
		if !ok || obj.Get(ast.StringTerm("failed")) == nil {
			return f, errors.New("failed is missing")
		}
		failed, err := boolField(obj, "failed")
		if err == nil && !failed {
			err = errPassed
		}
		return f, err
	}
	return f, nil
}

// textFields reads the named members; a bare string is its msg.
func textFields(item *ast.Term, names ...string) (map[string]string, error) {
	if s, ok := item.Value.(ast.String); ok {
		return map[string]string{"msg": clip(string(s), maxText)}, nil
	}
	obj, ok := item.Value.(ast.Object)
	if !ok {
		return nil, fmt.Errorf("it is %s and neither an object nor a string", ast.ValueName(item.Value))
	}
	fields := map[string]string{}
	for _, name := range names {
		t := obj.Get(ast.StringTerm(name))
		if t == nil {
			continue
		}
		s, ok := t.Value.(ast.String)
		if !ok {
			return nil, fmt.Errorf("%s is %s and not a string", name, ast.ValueName(t.Value))
		}
		fields[name] = clip(string(s), maxText)
	}
	return fields, nil
}

// unknownKeys refuses a misspelt member: a `severty` would otherwise silently keep the default.
func unknownKeys(item *ast.Term) error {
	obj, ok := item.Value.(ast.Object)
	if !ok {
		return nil
	}
	known := []string{"id", "title", "msg", "address", "file", "line", "severity", "fix", "unclear"}
	for _, k := range obj.Keys() {
		s, ok := k.Value.(ast.String)
		if !ok || !slices.Contains(known, string(s)) {
			return fmt.Errorf("%s is none of %s", quote(string(s)), strings.Join(known, ", "))
		}
	}
	return nil
}

func boolField(obj ast.Object, name string) (bool, error) {
	t := obj.Get(ast.StringTerm(name))
	if t == nil {
		return false, nil
	}
	b, ok := t.Value.(ast.Boolean)
	if !ok {
		return false, fmt.Errorf("%s is %s and not a boolean", name, ast.ValueName(t.Value))
	}
	return bool(b), nil
}

func intField(obj ast.Object, name string) int {
	if t := obj.Get(ast.StringTerm(name)); t != nil {
		if n, ok := t.Value.(ast.Number); ok {
			if i, ok := n.Int(); ok && i > 0 {
				return i
			}
		}
	}
	return 0
}

// broken is the finding of an entry whose outcome cannot be told.
func (u *unit) broken(msg, fix string) verdict.Finding {
	return verdict.Finding{ID: IDError, Title: "A policy cannot be evaluated", Message: clip(msg, maxText),
		Severity: verdict.Undecided, File: u.file, Fix: fix, Bundle: u.bundle, Dialect: u.dialect}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
