package platform.rules.change.replace_stateful_test

import rego.v2

import data.platform.rules.change.replace_stateful as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"delete first": testing.many([testing.acted("aws_db_instance", "delete-create", {}, {})]),
		"create first": testing.many([testing.acted("azurerm_managed_disk", "create-delete", {}, {})]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"updated": testing.many([testing.acted("aws_db_instance", "update", {}, {})]),
		"deleted is CHG-001": testing.many([testing.acted("aws_db_instance", "delete", {}, null)]),
		"no data": testing.many([testing.acted("aws_instance", "delete-create", {}, {})]),
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
