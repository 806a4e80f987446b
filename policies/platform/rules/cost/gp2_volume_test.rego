package platform.rules.cost.gp2_volume_test

import rego.v2

import data.platform.rules.cost.gp2_volume as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"gp2": testing.one("aws_ebs_volume", {"type": "gp2"}),
		"default": testing.one("aws_ebs_volume", {"type": null}),
		"root": testing.one("aws_instance", {"root_block_device": [{"volume_type": "gp2"}]}),
		"template": testing.one("aws_launch_template", {"block_device_mappings": [{"ebs": [{"volume_type": "gp2"}]}]}),
		"database": testing.one("aws_db_instance", {"storage_type": "gp2"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"gp3": testing.one("aws_ebs_volume", {"type": "gp3"}),
		"root gp3": testing.one("aws_instance", {"root_block_device": [{"volume_type": "gp3"}]}),
		"database default": testing.one("aws_db_instance", {"storage_type": null}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_ebs_volume", {"type": true}),
		"unknown block": testing.unknown("aws_instance", {"root_block_device": true}),
		"unknown type in block": testing.unknown("aws_instance", {"root_block_device": [{"volume_type": true}]}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"number": testing.one("aws_ebs_volume", {"type": 3}),
		"text for blocks": testing.one("aws_instance", {"root_block_device": "gp3"}),
		"database": testing.one("aws_db_instance", {"storage_type": true}),
	}
	count(rule.deny) > 0 with input as document
}
