package platform.rules.security.unencrypted_test

import rego.v2

import data.platform.rules.security.unencrypted as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"false": testing.one("aws_ebs_volume", {"encrypted": false}),
		"absent": testing.one("aws_db_instance", {}),
		"cache": testing.one("aws_elasticache_replication_group", {"at_rest_encryption_enabled": null}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"true": testing.one("aws_ebs_volume", {"encrypted": true}),
		"database": testing.one("aws_db_instance", {"storage_encrypted": true}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_ebs_volume", {"encrypted": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.one("aws_efs_file_system", {"encrypted": "true"}),
	}
	count(rule.deny) > 0 with input as document
}
