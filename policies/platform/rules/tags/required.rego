# METADATA
# title: Required tag is missing
# description: |
#   Every resource that can carry tags has the tags of the parameter required_tags; default tags of its provider count.
#   Azure tags and Google labels (compared in lower case) count alike. Without the parameter there is nothing to check.
# related_resources:
#   - https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
# custom:
#   id: TAGS-001
#   severity: warn
#   reads:
#     "*": [tags, tags_all, labels, effective_labels]
#     aws_autoscaling_group: [tag]
package platform.rules.tags.required

import rego.v2

import data.platform.lib

import data.platform.tagging

looked := input.plan.judged if {
	count(required) > 0
} else := 0

# METADATA
# title: The tag is on neither the resource nor its provider
deny contains finding if {
	some r in suspects
	not tagging.unclear(r)
	missing := [name | some name in data.platform.params.value.required_tags; not tagging.has(r, name)]
	count(missing) > 0
	finding := lib.finding(
		r,
		sprintf("%s has no tag %s.", [r.address, concat(", ", missing)]),
		sprintf("Add %s to its tags, or to the provider's default tags.", [concat(", ", missing)]),
	)
}

# METADATA
# title: The tags cannot be read
deny contains lib.unclear_finding(r, "tags") if {
	some r in suspects
	tagging.unclear(r)
	some name in required
	not tagging.has(r, name)
}

required := {name | some name in data.platform.params.value.required_tags}

# Resources that do not plainly carry every required tag: few, as a rule. A text that is not empty sorts after "".
suspects contains r if {
	some name in required
	some r in input.resources[_]
	r.judged
	not r.after.tags[name] > ""
	tagging.carries(r)
}
