package platform.rules.cost.idle_address_test

import rego.v2

import data.platform.rules.cost.idle_address as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"nothing": testing.one("aws_eip", {"instance": null}),
		"another": testing.many([testing.created("aws_eip", {}), object.union(testing.created("aws_nat_gateway", {}), {"configured": {"allocation_id": true}, "references": {"allocation_id": ["aws_eip.other.id", "aws_eip.other"]}})]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"instance": testing.one("aws_eip", {"instance": "i-1"}),
		"unknown instance": testing.unknown("aws_eip", {"instance": true}),
		"gateway": testing.many([testing.created("aws_eip", {}), object.union(testing.created("aws_nat_gateway", {}), {"configured": {"allocation_id": true}, "references": {"allocation_id": ["aws_eip.it.id", "aws_eip.it"]}})]),
		"plan without configuration": testing.many([testing.created("aws_eip", {}), testing.created("aws_nat_gateway", {})]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"no attributes": testing.one("aws_eip", {}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"empty text": testing.one("aws_eip", {"instance": "", "network_interface": ""}),
	}
	count(rule.deny) > 0 with input as document
}
