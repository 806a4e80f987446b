# METADATA
# title: Tags do not reach what the group starts
# description: |
#   Instances of an Auto Scaling group and tasks of an ECS service carry the bill. Tags that are not propagated leave
#   their cost without an owner.
# related_resources:
#   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/autoscaling_group
#   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecs_service
# custom:
#   id: TAGS-003
#   severity: warn
#   reads:
#     aws_autoscaling_group: [tag]
#     aws_ecs_service: [propagate_tags]
package platform.rules.tags.propagation

import rego.v2

import data.platform.lib

# METADATA
# title: A tag of the group stays on the group
deny contains finding if {
	some r in input.resources.aws_autoscaling_group
	r.judged
	some tag in r.after.tag
	tag.propagate_at_launch == false
	finding := lib.finding(r, sprintf("%s keeps its tag %v to itself.", [r.address, tag.key]), "Set propagate_at_launch = true.")
}

# METADATA
# title: Tasks of the service get no tags
deny contains finding if {
	some r in input.resources.aws_ecs_service
	r.judged
	not lib.unclear_string(r, "propagate_tags")
	object.get(r.after, "propagate_tags", null) in {null, "", "NONE"}
	finding := lib.finding(r, sprintf("%s starts tasks without tags.", [r.address]), "Set propagate_tags = \"SERVICE\".")
}

# METADATA
# title: The tags of the group cannot be read
deny contains lib.unclear_finding(r, "tag") if {
	some r in input.resources.aws_autoscaling_group
	r.judged
	unreadable(r)
}

# METADATA
# title: The setting of the service cannot be read
deny contains lib.unclear_finding(r, "propagate_tags") if {
	some r in input.resources.aws_ecs_service
	r.judged
	lib.unclear_string(r, "propagate_tags")
}

unreadable(r) if {
	r.after.tag != null
	not is_array(r.after.tag)
}

unreadable(r) if {
	r.unknown.tag == true
	lib.configured(r, "tag")
}

unreadable(r) if {
	some t in r.unknown.tag
	t.propagate_at_launch == true
}
