# METADATA
# title: EBS volume of type gp2
# description: |
#   gp3 costs about a fifth less per GB-month than gp2 in the list prices and gives 3,000 IOPS at any size. A volume
#   whose type is left out is gp2 too.
# related_resources:
#   - https://aws.amazon.com/ebs/pricing/
#   - https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
# custom:
#   id: COST-002
#   severity: warn
#   reads:
#     aws_ebs_volume: [type]
#     aws_instance: [root_block_device, ebs_block_device]
#     aws_launch_configuration: [root_block_device, ebs_block_device]
#     aws_launch_template: [block_device_mappings]
#     aws_db_instance: [storage_type]
package platform.rules.cost.gp2_volume

import rego.v2

import data.platform.lib

fix := "Set the type to gp3: about 20 % less per GB-month in the list price."

# METADATA
# title: A volume of its own
deny contains finding if {
	some r in input.resources.aws_ebs_volume
	r.judged
	object.get(r.after, "type", null) in {"gp2", null, ""}
	not lib.unclear_string(r, "type")
	finding := lib.finding(r, sprintf("%s is a gp2 volume.", [r.address]), fix)
}

# METADATA
# title: A database's storage
deny contains finding if {
	some r in input.resources.aws_db_instance
	r.judged
	r.after.storage_type == "gp2"
	finding := lib.finding(r, sprintf("%s has gp2 storage.", [r.address]), fix)
}

# METADATA
# title: A volume of an instance
deny contains finding if {
	some type, attribute in {"aws_instance": ["root_block_device", "ebs_block_device"], "aws_launch_configuration": ["root_block_device", "ebs_block_device"]}
	some r in input.resources[type]
	r.judged
	some name in attribute
	some block in r.after[name]
	block.volume_type == "gp2"
	finding := lib.finding(r, sprintf("%s has a gp2 volume in %s.", [r.address, name]), fix)
}

# METADATA
# title: A volume of a launch template
deny contains finding if {
	some r in input.resources.aws_launch_template
	r.judged
	r.after.block_device_mappings[_].ebs[_].volume_type == "gp2"
	finding := lib.finding(r, sprintf("%s has a gp2 volume.", [r.address]), fix)
}

# METADATA
# title: The type cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type, attribute in {"aws_ebs_volume": "type", "aws_db_instance": "storage_type"}
	some r in input.resources[type]
	r.judged
	lib.unclear_string(r, attribute)
}

# METADATA
# title: The blocks cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type, attributes in blocks
	some r in input.resources[type]
	r.judged
	some attribute in attributes
	not is_array(r.after[attribute])
	unclear_type(r, attribute)
}

# METADATA
# title: A part of the blocks is known only after apply
deny contains lib.unclear_finding(r, attribute) if {
	some type, attributes in blocks
	some r in input.resources[type]
	r.judged
	some attribute in attributes
	r.unknown[attribute]
	unclear_type(r, attribute)
}

blocks := {
	"aws_instance": ["root_block_device", "ebs_block_device"],
	"aws_launch_configuration": ["root_block_device", "ebs_block_device"],
	"aws_launch_template": ["block_device_mappings"],
}

# Ids and sizes of a block are often known only after apply and say nothing about its type.
unclear_type(r, attribute) if r.after[attribute] == lib.sensitive

unclear_type(r, attribute) if {
	r.after[attribute] != null
	not is_array(r.after[attribute])
}

unclear_type(r, attribute) if {
	walk(r.unknown[attribute], [path, true])
	path[count(path) - 1] == "volume_type"
	lib.configured(r, attribute)
}

unclear_type(r, attribute) if {
	r.unknown[attribute] == true
	lib.configured(r, attribute)
}
