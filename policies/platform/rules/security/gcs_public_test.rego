package platform.rules.security.gcs_public_test

import rego.v2

import data.platform.rules.security.gcs_public as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"member": testing.one("google_storage_bucket_iam_member", {"member": "allUsers"}),
		"binding": testing.one("google_storage_bucket_iam_binding", {"members": ["user:a@example.com", "allAuthenticatedUsers"]}),
		"acl": testing.one("google_storage_bucket_acl", {"predefined_acl": "publicRead"}),
		"entity": testing.one("google_storage_default_object_acl", {"role_entity": ["READER:allUsers"]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"member": testing.one("google_storage_bucket_iam_member", {"member": "user:a@example.com"}),
		"unknown account": testing.unknown("google_storage_bucket_iam_member", {"member": true}),
		"binding": testing.one("google_storage_bucket_iam_binding", {"members": ["group:a@example.com"]}),
		"no acl": testing.one("google_storage_bucket_acl", {}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"members": testing.unknown("google_storage_bucket_iam_binding", {"members": true}),
		"acl": testing.unknown("google_storage_bucket_acl", {"predefined_acl": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"number": testing.one("google_storage_bucket_iam_member", {"member": 1}),
		"sensitive": testing.one("google_storage_bucket_iam_binding", {"members": "(sensitive value)"}),
	}
	count(rule.deny) > 0 with input as document
}
