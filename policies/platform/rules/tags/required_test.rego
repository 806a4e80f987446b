package platform.rules.tags.required_test

import rego.v2

import data.platform.rules.tags.required as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"no tags": testing.with_params(testing.one("aws_s3_bucket", {"tags": null}), {"required_tags": ["owner"]}),
		"other tag": testing.with_params(testing.one("aws_s3_bucket", {"tags": {"team": "a"}}), {"required_tags": ["owner"]}),
		"empty": testing.with_params(testing.one("aws_s3_bucket", {"tags": {"owner": ""}}), {"required_tags": ["owner"]}),
		"label": testing.with_params(testing.one("google_storage_bucket", {"labels": {}}), {"required_tags": ["owner"]}),
		"group": testing.with_params(testing.one("aws_autoscaling_group", {"tag": [{"key": "x", "value": "y"}]}), {"required_tags": ["owner"]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"tag": testing.with_params(testing.one("aws_s3_bucket", {"tags": {"owner": "a"}}), {"required_tags": ["owner"]}),
		"default tag": testing.with_params(testing.many([object.union(testing.created("aws_s3_bucket", {"tags": null}), {"default_tags": {"owner": "a"}})]), {"required_tags": ["owner"]}),
		"label": testing.with_params(testing.one("google_storage_bucket", {"labels": {"owner": "a"}}), {"required_tags": ["Owner"]}),
		"group": testing.with_params(testing.one("aws_autoscaling_group", {"tag": [{"key": "owner", "value": "y"}]}), {"required_tags": ["owner"]}),
		"no place for tags": testing.with_params(testing.one("aws_iam_role_policy", {}), {"required_tags": ["owner"]}),
		"nothing asked": testing.one("aws_s3_bucket", {"tags": null}),
		"value known after apply": testing.with_params(testing.many([object.union(testing.created("aws_s3_bucket", {"tags": {}}), {"unknown": {"tags": {"owner": true}}})]), {"required_tags": ["owner"]}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.with_params(testing.unknown("aws_s3_bucket", {"tags": true}), {"required_tags": ["owner"]}),
		"default tags unknown": testing.with_params(testing.many([object.union(testing.created("aws_s3_bucket", {"tags": {}}), {"default_tags_unknown": true})]), {"required_tags": ["owner"]}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_params(testing.one("aws_s3_bucket", {"tags": "owner"}), {"required_tags": ["owner"]}),
		"list": testing.with_params(testing.one("aws_s3_bucket", {"tags": ["owner"]}), {"required_tags": ["owner"]}),
		"sensitive": testing.with_params(testing.one("aws_s3_bucket", {"tags": "(sensitive value)"}), {"required_tags": ["owner"]}),
	}
	count(rule.deny) > 0 with input as document
}
