# METADATA
# title: Tag has a value that is not allowed
# description: |
#   A tag named in the parameter tag_values has one of the values listed there, so that costs can be told apart by it.
#   Resources without the tag are the business of TAGS-001.
# related_resources:
#   - https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_tag-policies.html
# custom:
#   id: TAGS-002
#   severity: warn
#   reads:
#     "*": [tags, tags_all, labels, effective_labels]
#     aws_autoscaling_group: [tag]
package platform.rules.tags.values

import rego.v2

import data.platform.lib

import data.platform.tagging

looked := input.plan.judged if {
	count(data.platform.params.value.tag_values) > 0
} else := 0

# METADATA
# title: The value is not in the list
deny contains finding if {
	some name, allowed in data.platform.params.value.tag_values
	some r in input.resources[_]
	r.judged
	tagging.carries(r)
	v := tagging.value(r, name)
	not v in allowed
	not tagging.unclear(r)
	finding := lib.finding(
		r,
		sprintf("%s has %s = %v, which is not allowed.", [r.address, name, v]),
		sprintf("Use one of %s.", [concat(", ", allowed)]),
	)
}

# METADATA
# title: The tags cannot be read
deny contains lib.unclear_finding(r, "tags") if {
	count(data.platform.params.value.tag_values) > 0
	some r in input.resources[_]
	r.judged
	tagging.carries(r)
	tagging.unclear(r)
}
