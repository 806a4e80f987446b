package platform.rules.change.partial_plan_test

import rego.v2

import data.platform.rules.change.partial_plan as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"partial": testing.with_plan({"complete": false}),
		"failed": testing.with_plan({"errored": true, "complete": false}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"whole": testing.many([]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"does not say": {"plan": {}},
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_plan({"complete": "yes"}),
		"null": testing.with_plan({"errored": null}),
	}
	count(rule.deny) > 0 with input as document
}
