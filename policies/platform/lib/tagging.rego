# METADATA
# title: Tags and labels of resources
package platform.tagging

import rego.v2

import data.platform.lib

# METADATA
# title: The resource has a place for tags
# Null counts: the schema has the attribute, and nobody set it.
carries(r) if {
	some name in ["tags", "labels", "tags_all", "effective_labels"]
	type_name(r.after[name])
}

carries(r) if {
	some name in ["tags", "labels"]
	type_name(r.unknown[name])
}

carries(r) if r.type == "aws_autoscaling_group"

# METADATA
# title: The value of a tag, of the resource or of its provider
value(r, name) := found[0] if {
	found := [v |
		some [tags, key] in [
			[lib.plain(r.after, "tags"), name],
			[lib.plain(r.after, "tags_all"), name],
			[asg_tags(r), name],
			[lib.plain(r.after, "labels"), lower(name)],
			[lib.plain(r.after, "effective_labels"), lower(name)],
			[r.default_tags, name],
			[r.default_tags, lower(name)],
		]
		v := tags[key]
	]
	count(found) > 0
}

asg_tags(r) := {t.key: t.value | some t in r.after.tag} if {
	r.type == "aws_autoscaling_group"
} else := {}

# METADATA
# title: The tag is there and not empty, or its value is known only after apply
has(r, name) if {
	v := value(r, name)
	v != ""
	v != null
}

has(r, name) if {
	some attribute in ["tags", "tags_all", "labels"]
	r.unknown[attribute][name] == true
}

# METADATA
# title: The tags cannot be read
unclear(r) if {
	some attribute in ["tags", "labels"]
	r.unknown[attribute] == true
	lib.configured(r, attribute)
}

unclear(r) if {
	some attribute in ["tags", "labels"]
	v := r.after[attribute]
	v != null
	not is_object(v)
	not tag_list(r, attribute)
}

unclear(r) if r.default_tags_unknown

# A few resources have a list of {key, value} blocks named tags.
tag_list(r, attribute) if {
	is_array(r.after[attribute])
	r.type in {"aws_autoscaling_group"}
}
