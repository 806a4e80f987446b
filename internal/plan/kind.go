package plan

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

var hclLine = regexp.MustCompile(`(?m)^\s*(resource|data|variable|output|provider|module)\s+"[^"\n]*"[^\n]*\{|^\s*(terraform|locals)\s*\{`)

// textProblem says what an input is that has no JSON object at start, or that only looks as if it had one.
func textProblem(head []byte, start int) *InputError {
	text := bytes.TrimSpace(head)
	noise := text
	if start >= 0 {
		noise = head[:start]
	}
	switch {
	case len(text) == 0:
		return &InputError{Problem: "is empty", Fix: fixShow}
	case bytes.HasPrefix(text, []byte("PK\x03\x04")), bytes.HasPrefix(text, []byte("tfplan")):
		return &InputError{Problem: "is a binary plan file, not plan JSON", Fix: "run: terraform show -json FILE > plan.json"}
	case bytes.HasPrefix(text, []byte("\x1f\x8b")):
		return &InputError{Problem: "is compressed with gzip", Fix: "run: gunzip FILE"}
	case binaryData(head):
		return &InputError{Problem: "is binary data, not plan JSON", Fix: fixShow}
	case hclLine.Match(noise):
		return &InputError{Problem: "is Terraform source (HCL), not plan JSON", Fix: "give its directory instead of the file, or " + fixPlan}
	case bytes.Contains(noise, []byte("Terraform will perform the following actions")),
		bytes.Contains(noise, []byte("OpenTofu will perform the following actions")),
		bytes.Contains(noise, []byte("Terraform used the selected providers")),
		bytes.Contains(noise, []byte("Your infrastructure matches the configuration")):
		return &InputError{Problem: "is the text that terraform plan prints for people, not plan JSON", Fix: fixPlan}
	case jsonArray(text):
		return &InputError{Problem: "is a JSON array, not plan JSON", Fix: fixShow}
	case start < 0:
		return &InputError{Problem: "is not JSON: no line begins with an opening brace", Fix: fixShow}
	}
	return nil
}

// jsonArray tells an array from a wrapper's "[command]" line.
func jsonArray(text []byte) bool {
	if text[0] != '[' {
		return false
	}
	inside := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(inside) == 0 || strings.IndexByte("{[\"]-0123456789", inside[0]) >= 0
}

// kindProblem says what JSON document this is when it is no plan, judged by the keys at its top.
func (doc *document) kindProblem() error {
	has := func(keys ...string) bool {
		for _, k := range keys {
			if !doc.seen[k] {
				return false
			}
		}
		return true
	}
	problem, fix := "", fixShow
	switch {
	case has("planned_values") || has("resource_changes"):
		if doc.plan.FormatVersion == "" {
			problem = "has no format_version, so that it cannot be told how to read it"
		}
	case has("serial"), has("lineage"):
		problem, fix = "is a Terraform state file, not a plan", fixPlan
	case has("format_version", "values"), has("format_version") && len(doc.seen) <= 2:
		problem, fix = "is the JSON of a state (terraform show -json without a plan file), not of a plan", fixPlan
	case has("version", "projects"):
		problem, fix = "is Infracost JSON, not plan JSON", "give it with --base, and the plan as PATH; "+fixShow
	case has("format_version", "provider_schemas"), has("provider_schemas"):
		problem = "is the JSON of terraform providers schema, not of a plan"
	case has("valid", "diagnostics"):
		problem = "is the JSON of terraform validate, not of a plan"
	case has("AWSTemplateFormatVersion"), has("Resources"):
		problem, fix = "is a CloudFormation template, not Terraform plan JSON", "give a Terraform plan; "+fixShow
	case has("resource"), has("terraform"), has("provider"), has("module"):
		problem, fix = "is Terraform source in JSON syntax, not plan JSON", "give its directory instead of the file, or "+fixPlan
	default:
		problem = "is JSON of another kind: it has neither resource_changes nor planned_values"
	}
	if problem == "" {
		return nil
	}
	return &InputError{Name: doc.name, Problem: problem, Fix: fix}
}

// versionProblem refuses a format that is newer than ours as soon as it is read: its shapes may differ.
func versionProblem(name, version string) error {
	major, _, _ := strings.Cut(version, ".")
	if major == "0" || major == "1" {
		return nil
	}
	return &InputError{Name: name, Where: "/format_version",
		Problem: fmt.Sprintf("has plan format %.20q; this version reads 0.1 to 1.x", version),
		Fix:     "upgrade platform, or make the plan with Terraform 1.x or OpenTofu 1.x"}
}
