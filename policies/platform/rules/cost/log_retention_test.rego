package platform.rules.cost.log_retention_test

import rego.v2

import data.platform.rules.cost.log_retention as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"absent": testing.one("aws_cloudwatch_log_group", {}),
		"null": testing.one("aws_cloudwatch_log_group", {"retention_in_days": null}),
		"zero": testing.one("aws_cloudwatch_log_group", {"retention_in_days": 0}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"30": testing.one("aws_cloudwatch_log_group", {"retention_in_days": 30}),
		"deleted": testing.many([testing.acted("aws_cloudwatch_log_group", "delete", {}, null)]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_cloudwatch_log_group", {"retention_in_days": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.one("aws_cloudwatch_log_group", {"retention_in_days": "30"}),
	}
	count(rule.deny) > 0 with input as document
}
