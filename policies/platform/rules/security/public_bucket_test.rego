package platform.rules.security.public_bucket_test

import rego.v2

import data.platform.rules.security.public_bucket as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"acl": testing.one("aws_s3_bucket", {"acl": "public-read"}),
		"acl resource": testing.one("aws_s3_bucket_acl", {"acl": "public-read-write"}),
		"block": testing.one("aws_s3_bucket_public_access_block", {"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": false}),
		"block absent": testing.one("aws_s3_bucket_public_access_block", {}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"private": testing.one("aws_s3_bucket", {"acl": "private"}),
		"no acl": testing.one("aws_s3_bucket", {}),
		"provider default": testing.many([object.union(testing.created("aws_s3_bucket", {}), {"unknown": {"acl": true}, "configured": {}})]),
		"block": testing.one("aws_s3_bucket_public_access_block", {"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true}),
		"untouched": testing.many([testing.acted("aws_s3_bucket", "no-op", {}, {"acl": "private"})]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"acl": testing.unknown("aws_s3_bucket_acl", {"acl": true}),
		"block": testing.unknown("aws_s3_bucket_public_access_block", {"block_public_acls": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"acl": testing.one("aws_s3_bucket", {"acl": true}),
		"block": testing.one("aws_s3_bucket_public_access_block", {"block_public_acls": "true", "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true}),
	}
	count(rule.deny) > 0 with input as document
}
