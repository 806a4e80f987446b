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

looked contains r.address if {
	count(data.platform.params.value.required_tags) > 0
	some r in tagging.taggable
}

# METADATA
# title: The tag is on neither the resource nor its provider
deny contains finding if {
	count(data.platform.params.value.required_tags) > 0
	some r in tagging.taggable
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
	count(data.platform.params.value.required_tags) > 0
	some r in tagging.taggable
	tagging.unclear(r)
	some name in data.platform.params.value.required_tags
	not tagging.has(r, name)
}
