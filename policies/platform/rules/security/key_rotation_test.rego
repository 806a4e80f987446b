package platform.rules.security.key_rotation_test

import rego.v2

import data.platform.rules.security.key_rotation as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"absent": testing.one("aws_kms_key", {}),
		"false": testing.one("aws_kms_key", {"enable_key_rotation": false, "customer_master_key_spec": "SYMMETRIC_DEFAULT"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"true": testing.one("aws_kms_key", {"enable_key_rotation": true}),
		"asymmetric": testing.one("aws_kms_key", {"enable_key_rotation": false, "customer_master_key_spec": "RSA_2048"}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_kms_key", {"enable_key_rotation": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.one("aws_kms_key", {"enable_key_rotation": "true"}),
	}
	count(rule.deny) > 0 with input as document
}
