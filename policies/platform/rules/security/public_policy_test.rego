package platform.rules.security.public_policy_test

import rego.v2

import data.platform.rules.security.public_policy as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"star": testing.one("aws_s3_bucket_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\"}]}"}),
		"AWS star": testing.one("aws_sqs_queue_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": [\"*\"]}, \"Action\": \"sqs:*\"}}"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"named": testing.one("aws_s3_bucket_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::1:root\"}, \"Action\": \"s3:GetObject\"}]}"}),
		"condition": testing.one("aws_s3_bucket_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\", \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-1\"}}}]}"}),
		"deny": testing.one("aws_s3_bucket_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"s3:*\"}]}"}),
		"key without policy": testing.one("aws_kms_key", {}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_s3_bucket_policy", {"policy": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"no JSON": testing.one("aws_s3_bucket_policy", {"policy": "{"}),
		"list": testing.one("aws_kms_key", {"policy": ["*"]}),
	}
	count(rule.deny) > 0 with input as document
}
