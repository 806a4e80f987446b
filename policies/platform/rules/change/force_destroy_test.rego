package platform.rules.change.force_destroy_test

import rego.v2

import data.platform.rules.change.force_destroy as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"bucket": testing.one("aws_s3_bucket", {"force_destroy": true}),
		"repository": testing.one("aws_ecr_repository", {"force_delete": true}),
		"dataset": testing.one("google_bigquery_dataset", {"delete_contents_on_destroy": true}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"false": testing.one("aws_s3_bucket", {"force_destroy": false}),
		"absent": testing.one("google_storage_bucket", {}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_s3_bucket", {"force_destroy": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.one("aws_s3_bucket", {"force_destroy": "false"}),
	}
	count(rule.deny) > 0 with input as document
}
