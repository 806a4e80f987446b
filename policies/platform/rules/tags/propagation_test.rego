package platform.rules.tags.propagation_test

import rego.v2

import data.platform.rules.tags.propagation as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"group": testing.one("aws_autoscaling_group", {"tag": [{"key": "owner", "value": "a", "propagate_at_launch": false}]}),
		"service": testing.one("aws_ecs_service", {"propagate_tags": null}),
		"none": testing.one("aws_ecs_service", {"propagate_tags": "NONE"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"group": testing.one("aws_autoscaling_group", {"tag": [{"key": "owner", "value": "a", "propagate_at_launch": true}]}),
		"service": testing.one("aws_ecs_service", {"propagate_tags": "SERVICE"}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"group": testing.unknown("aws_autoscaling_group", {"tag": true}),
		"one tag": testing.unknown("aws_autoscaling_group", {"tag": [{"propagate_at_launch": true}]}),
		"service": testing.unknown("aws_ecs_service", {"propagate_tags": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"group": testing.one("aws_autoscaling_group", {"tag": "owner"}),
		"service": testing.one("aws_ecs_service", {"propagate_tags": true}),
	}
	count(rule.deny) > 0 with input as document
}
