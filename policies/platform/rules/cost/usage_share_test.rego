package platform.rules.cost.usage_share_test

import rego.v2

import data.platform.rules.cost.usage_share as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"most of it": testing.with_estimate({"total": {"after": 100}, "usage_part": {"after": 80}}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"little": testing.with_estimate({"total": {"after": 100}, "usage_part": {"after": 20}}),
		"small amount": testing.with_estimate({"total": {"after": 5}, "usage_part": {"after": 5}}),
		"parameter": testing.with_params(testing.with_estimate({"total": {"after": 100}, "usage_part": {"after": 80}}), {"max_usage_share": 0.9}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"no total": testing.with_estimate({}),
		"no estimate": testing.many([]),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_estimate({"total": {"after": "100"}, "usage_part": {"after": 80}}),
	}
	count(rule.deny) > 0 with input as document
}
