package platform.rules.security.public_ip_test

import rego.v2

import data.platform.rules.security.public_ip as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"instance": testing.one("aws_instance", {"associate_public_ip_address": true}),
		"subnet": testing.one("aws_subnet", {"map_public_ip_on_launch": true}),
		"google": testing.one("google_compute_instance", {"network_interface": [{"access_config": [{}]}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"instance": testing.one("aws_instance", {"associate_public_ip_address": false}),
		"default": testing.many([object.union(testing.created("aws_instance", {}), {"unknown": {"associate_public_ip_address": true}, "configured": {}})]),
		"google": testing.one("google_compute_instance", {"network_interface": [{"access_config": []}]}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"instance": testing.unknown("aws_instance", {"associate_public_ip_address": true}),
		"google": testing.unknown("google_compute_instance", {"network_interface": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"instance": testing.one("aws_instance", {"associate_public_ip_address": "yes"}),
		"google": testing.one("google_compute_instance", {"network_interface": "none"}),
	}
	count(rule.deny) > 0 with input as document
}
