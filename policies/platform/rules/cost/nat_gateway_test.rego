package platform.rules.cost.nat_gateway_test

import rego.v2

import data.platform.rules.cost.nat_gateway as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"two": testing.many([testing.created("aws_nat_gateway", {}), object.union(testing.created("aws_nat_gateway", {}), {"address": "aws_nat_gateway.b"})]),
		"limit zero": testing.with_params(testing.one("aws_nat_gateway", {}), {"max_nat_gateways": 0}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"one": testing.one("aws_nat_gateway", {}),
		"no change": testing.with_params(testing.many([testing.acted("aws_nat_gateway", "no-op", {}, {})]), {"max_nat_gateways": 0}),
		"replaced": testing.with_params(testing.many([testing.acted("aws_nat_gateway", "delete-create", {}, {})]), {"max_nat_gateways": 0}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"action not known": testing.with_params(testing.many([testing.acted("aws_nat_gateway", "unknown", {}, {})]), {"max_nat_gateways": 0}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"limit of another type falls back to one": testing.with_params(testing.many([testing.created("aws_nat_gateway", {}), object.union(testing.created("aws_nat_gateway", {}), {"address": "aws_nat_gateway.b"})]), {"max_nat_gateways": "many"}),
	}
	count(rule.deny) > 0 with input as document
}
