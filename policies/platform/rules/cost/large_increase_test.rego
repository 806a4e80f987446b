package platform.rules.cost.large_increase_test

import rego.v2

import data.platform.rules.cost.large_increase as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"large": testing.with_estimate({"currency": "USD", "resources": [{"address": "aws_instance.big", "monthly": {"delta": 900}}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"small": testing.with_estimate({"currency": "USD", "resources": [{"address": "aws_instance.a", "monthly": {"delta": 9}}]}),
		"falls": testing.with_estimate({"currency": "USD", "resources": [{"address": "a.b", "monthly": {"delta": -900}}]}),
		"none": testing.with_estimate({"currency": "USD", "resources": null}),
		"parameter": testing.with_params(testing.with_estimate({"currency": "USD", "resources": [{"address": "aws_instance.big", "monthly": {"delta": 900}}]}), {"max_resource_delta": 1000}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"no delta": testing.with_estimate({"currency": "USD", "resources": [{"address": "a.b", "monthly": {}}]}),
		"no estimate": testing.many([]),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_estimate({"currency": "USD", "resources": [{"address": "a.b", "monthly": {"delta": "900"}}]}),
		"no list": testing.with_estimate({"currency": "USD", "resources": "none"}),
	}
	count(rule.deny) > 0 with input as document
}
