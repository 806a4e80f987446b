package platform.rules.change.delete_stateful_test

import rego.v2

import data.platform.rules.change.delete_stateful as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"database": testing.many([testing.acted("aws_db_instance", "delete", {}, null)]),
		"bucket": testing.many([testing.acted("google_storage_bucket", "delete", {}, null)]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"created": testing.one("aws_db_instance", {}),
		"updated": testing.many([testing.acted("aws_db_instance", "update", {}, {})]),
		"forgotten": testing.many([testing.acted("aws_db_instance", "forget", {}, null)]),
		"no data": testing.many([testing.acted("aws_instance", "delete", {}, null)]),
		"replaced is CHG-002": testing.many([testing.acted("aws_db_instance", "delete-create", {}, {})]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"action not known": testing.many([testing.acted("aws_db_instance", "unknown", {}, {})]),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"action is a number": testing.many([object.union(testing.created("aws_db_instance", {}), {"action": 1})]),
	}
	count(rule.deny) > 0 with input as document
}
