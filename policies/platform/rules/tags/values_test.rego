package platform.rules.tags.values_test

import rego.v2

import data.platform.rules.tags.values as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"other value": testing.with_params(testing.one("aws_s3_bucket", {"tags": {"env": "test"}}), {"tag_values": {"env": ["dev", "prod"]}}),
		"case counts": testing.with_params(testing.one("aws_s3_bucket", {"tags": {"env": "PROD"}}), {"tag_values": {"env": ["dev", "prod"]}}),
		"number": testing.with_params(testing.one("aws_s3_bucket", {"tags": {"env": 1}}), {"tag_values": {"env": ["dev", "prod"]}}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"allowed": testing.with_params(testing.one("aws_s3_bucket", {"tags": {"env": "dev"}}), {"tag_values": {"env": ["dev", "prod"]}}),
		"absent": testing.with_params(testing.one("aws_s3_bucket", {"tags": {}}), {"tag_values": {"env": ["dev", "prod"]}}),
		"nothing asked": testing.one("aws_s3_bucket", {"tags": {"env": "test"}}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.with_params(testing.unknown("aws_s3_bucket", {"tags": true}), {"tag_values": {"env": ["dev", "prod"]}}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_params(testing.one("aws_s3_bucket", {"tags": "env"}), {"tag_values": {"env": ["dev", "prod"]}}),
	}
	count(rule.deny) > 0 with input as document
}
