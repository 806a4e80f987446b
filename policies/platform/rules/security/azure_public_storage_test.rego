package platform.rules.security.azure_public_storage_test

import rego.v2

import data.platform.rules.security.azure_public_storage as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"true": testing.one("azurerm_storage_account", {"allow_nested_items_to_be_public": true}),
		"default": testing.one("azurerm_storage_account", {}),
		"container": testing.one("azurerm_storage_container", {"container_access_type": "blob"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"false": testing.one("azurerm_storage_account", {"allow_nested_items_to_be_public": false}),
		"container": testing.one("azurerm_storage_container", {"container_access_type": "private"}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"account": testing.unknown("azurerm_storage_account", {"allow_nested_items_to_be_public": true}),
		"container": testing.unknown("azurerm_storage_container", {"container_access_type": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"account": testing.one("azurerm_storage_account", {"allow_nested_items_to_be_public": "false"}),
		"container": testing.one("azurerm_storage_container", {"container_access_type": 1}),
	}
	count(rule.deny) > 0 with input as document
}
