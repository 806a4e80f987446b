package platform.rules.cost.old_generation_test

import rego.v2

import data.platform.rules.cost.old_generation as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"t2": testing.one("aws_instance", {"instance_type": "t2.micro"}),
		"db.m4": testing.one("aws_db_instance", {"instance_class": "db.m4.large"}),
		"cache.r3": testing.one("aws_elasticache_cluster", {"node_type": "cache.r3.large"}),
		"azure": testing.one("azurerm_linux_virtual_machine", {"size": "Standard_D2_v2"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"t3": testing.one("aws_instance", {"instance_type": "t3.micro"}),
		"db.r7g": testing.one("aws_db_instance", {"instance_class": "db.r7g.large"}),
		"azure v5": testing.one("azurerm_linux_virtual_machine", {"size": "Standard_D2s_v5"}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_instance", {"instance_type": true}),
		"sensitive": testing.one("aws_instance", {"instance_type": "(sensitive value)"}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"number": testing.one("aws_instance", {"instance_type": 2}),
		"list": testing.one("azurerm_linux_virtual_machine", {"size": ["Standard_D2_v2"]}),
	}
	count(rule.deny) > 0 with input as document
}
