package platform.rules.change.failed_checks_test

import rego.v2

import data.platform.rules.change.failed_checks as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"fail": testing.with_plan({"checks": [{"address": "check.health", "status": "fail", "problem": "no answer"}]}),
		"error": testing.with_plan({"checks": [{"address": "check.health", "status": "error", "problem": "no answer"}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"pass": testing.with_plan({"checks": [{"address": "check.health", "status": "pass", "problem": "no answer"}]}),
		"unknown": testing.with_plan({"checks": [{"address": "check.health", "status": "unknown", "problem": "no answer"}]}),
		"none": testing.many([]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"no list": {"plan": {}},
		"no status": testing.with_plan({"checks": [{"address": "check.health"}]}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_plan({"checks": "none"}),
		"number": testing.with_plan({"checks": [{"address": "check.health", "status": 1}]}),
	}
	count(rule.deny) > 0 with input as document
}
