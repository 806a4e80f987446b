package platform.rules.change.drift_test

import rego.v2

import data.platform.rules.change.drift as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"updated": testing.with_plan({"drift": [{"address": "aws_instance.a", "type": "aws_instance", "action": "update"}]}),
		"action not known": testing.with_plan({"drift": [{"address": "aws_instance.a", "type": "aws_instance", "action": "unknown"}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"none": testing.many([]),
		"no-op": testing.with_plan({"drift": [{"address": "aws_instance.a", "type": "aws_instance", "action": "no-op"}]}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"no list": {"plan": {}},
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_plan({"drift": "none"}),
	}
	count(rule.deny) > 0 with input as document
}
