# METADATA
# title: Instance type of an older generation
# description: |
#   The current generation of the same size does more work for the same or less money. Families that the providers list
#   as previous generation.
# related_resources:
#   - https://aws.amazon.com/ec2/previous-generation/
#   - https://learn.microsoft.com/azure/virtual-machines/sizes/previous-gen-sizes-list
# custom:
#   id: COST-001
#   severity: warn
#   reads:
#     aws_instance: [instance_type]
#     aws_launch_template: [instance_type]
#     aws_launch_configuration: [instance_type]
#     aws_db_instance: [instance_class]
#     aws_rds_cluster_instance: [instance_class]
#     aws_elasticache_cluster: [node_type]
#     aws_elasticache_replication_group: [node_type]
#     aws_redshift_cluster: [node_type]
#     azurerm_linux_virtual_machine: [size]
#     azurerm_windows_virtual_machine: [size]
package platform.rules.cost.old_generation

import rego.v2

import data.platform.lib

attributes := {
	"aws_instance": "instance_type",
	"aws_launch_template": "instance_type",
	"aws_launch_configuration": "instance_type",
	"aws_db_instance": "instance_class",
	"aws_rds_cluster_instance": "instance_class",
	"aws_elasticache_cluster": "node_type",
	"aws_elasticache_replication_group": "node_type",
	"aws_redshift_cluster": "node_type",
	"azurerm_linux_virtual_machine": "size",
	"azurerm_windows_virtual_machine": "size",
}

successors := {
	"t1": "t3 or t4g", "t2": "t3 or t4g",
	"m1": "m7i or m7g", "m2": "r7i or r7g", "m3": "m7i or m7g", "m4": "m7i or m7g",
	"c1": "c7i or c7g", "cc2": "c7i or c7g", "c3": "c7i or c7g", "c4": "c7i or c7g",
	"r3": "r7i or r7g", "r4": "r7i or r7g", "cr1": "r7i or r7g",
	"i2": "i4i", "hs1": "d3", "g2": "g5 or g6", "g3": "g5 or g6", "p2": "g5 or p4d",
	"dc1": "ra3", "ds2": "ra3",
}

# METADATA
# title: The family has a successor
deny contains finding if {
	some [r, attribute] in suspects
	successor := outdated[r.after[attribute]]
	finding := lib.finding(
		r,
		sprintf("%s uses %s, an older generation.", [r.address, r.after[attribute]]),
		sprintf("Move %s to %s.", [attribute, successor]),
	)
}

# METADATA
# title: The type cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some [r, attribute] in suspects
	lib.unclear_string(r, attribute)
}

suspects := [[r, attribute] |
	some type, attribute in attributes
	some r in input.resources[type]
	r.judged
	not current[r.after[attribute]]
]

# A plan has many machines of few types: each type is judged once. Complete documents, because a partial rule is
# evaluated again for every key that it does not have.
plain := {name |
	some type, attribute in attributes
	some r in input.resources[type]
	name := r.after[attribute]
	is_string(name)
	name != lib.sensitive
}

outdated := {name: successor_of(name) | some name in plain}

current := {name | some name in plain; not outdated[name]}

# db.t2.micro, cache.m4.large and ra3.4xlarge all have the family before the size.
successor_of(name) := successors[family] if {
	is_string(name)
	some family in split(name, ".")
	successors[family]
}

successor_of(name) := "a size of version 5 or later" if {
	is_string(name)
	regex.match(`^(Basic_A[0-9]+|Standard_(A|D|DS|G|GS)[0-9]+(_v2)?)$`, name)
}
