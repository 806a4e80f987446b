# METADATA
# title: Helpers of the built-in policies
# description: |
#   Every helper is positive, so that a rule negates it with `not`. A value that is known only after apply, that the
#   plan marks sensitive, or that has another type than the provider's schema is unclear: a rule never takes it for
#   conforming. The engine makes an unclear finding of a blocking rule undecided and leaves a warning a warning.
package platform.lib

import rego.v2

sensitive := "(sensitive value)"

# METADATA
# title: A finding at a resource
finding(r, msg, fix) := {"address": r.address, "msg": msg, "fix": fix}

# METADATA
# title: A finding about a value that cannot be judged
unclear_finding(r, attribute) := {
	"address": r.address,
	"msg": sprintf("%s cannot be judged: its %s is known only after apply, sensitive, or of an unexpected type.", [r.address, attribute]),
	"fix": sprintf("Set %s to a plain value that the plan shows.", [attribute]),
	"unclear": true,
}

# METADATA
# title: The attribute is true
is_true(r, attribute) if r.after[attribute] == true

# METADATA
# title: The attribute is false, or not set, and can be read
not_true(r, attribute) if {
	not is_true(r, attribute)
	not unclear_bool(r, attribute)
}

# METADATA
# title: The attribute is true, or not set where the provider's default is true, and can be read
not_false(r, attribute) if {
	not r.after[attribute] == false
	not unclear_bool(r, attribute)
}

# METADATA
# title: The attribute, or the provider's default where it is not set
setting(r, attribute, fallback) := r.after[attribute] if {
	r.after[attribute] != null
} else := fallback

# METADATA
# title: The configuration sets the attribute, or the plan cannot say
configured(r, _) if r.configured == null

configured(r, attribute) if r.configured[attribute]

# METADATA
# title: The attribute is set, known and not sensitive
known(r, attribute) if {
	r.after[attribute] != null
	r.after[attribute] != sensitive
	not hidden(r.unknown, attribute)
}

# METADATA
# title: The attribute is set to something known only after apply, or is sensitive
# description: An attribute that the configuration leaves out takes the provider's default, and is no riddle.
unclear(r, attribute) if {
	hidden(r.unknown, attribute)
	configured(r, attribute)
}

unclear(r, attribute) if r.after[attribute] == sensitive

# METADATA
# title: The attribute cannot be read as a boolean
# description: The usual case, a plain value, is told by the first line; the rest is slower.
unclear_bool(r, attribute) if {
	not is_boolean(r.after[attribute])
	odd(r, attribute)
}

# METADATA
# title: The attribute cannot be read as a number
unclear_number(r, attribute) if {
	not is_number(r.after[attribute])
	odd(r, attribute)
}

# METADATA
# title: The attribute cannot be read as a string
unclear_string(r, attribute) if {
	not is_string(r.after[attribute])
	odd(r, attribute)
}

unclear_string(r, attribute) if r.after[attribute] == sensitive

odd(r, attribute) if r.after[attribute] != null

odd(r, attribute) if unclear(r, attribute)

# METADATA
# title: The attribute cannot be read as a list of blocks
unclear_blocks(r, attribute) if unclear(r, attribute)

unclear_blocks(r, attribute) if {
	v := r.after[attribute]
	v != null
	not is_array(v)
}

unclear_blocks(r, attribute) if {
	some b in r.after[attribute]
	not is_object(b)
}

# METADATA
# title: A part of after_unknown is true
hidden(unknown, attribute) if {
	part := unknown[attribute]
	walk(part, [_, true])
}

# METADATA
# title: The text is a policy document that can be read
readable_json(text) if {
	is_string(text)
	json.is_valid(text)
	is_object(json.unmarshal(text))
}

# METADATA
# title: The attribute cannot be read as a JSON document
unclear_json(r, attribute) if unclear(r, attribute)

unclear_json(r, attribute) if {
	v := r.after[attribute]
	v != null
	v != ""
	not readable_json(v)
}

# METADATA
# title: The text means anybody on the internet
# description: Two halves of the internet are the internet, so that every range wider than /8 counts.
world(cidr) if cidr in {"*", "Internet", "internet", "any", "Any"}

world(cidr) if {
	is_string(cidr)
	regex.match(`^[0-9a-fA-F:.]+/[0-7]$`, cidr)
	not startswith(lower(cidr), "fc")
	not startswith(lower(cidr), "fd")
}

# METADATA
# title: The value as a list, alone or already one
as_list(v) := v if is_array(v)

as_list(v) := [v] if {
	not is_array(v)
	v != null
}

as_list(null) := []

# METADATA
# title: The resource belongs to production, by its tags or the plan's path
production(r) if {
	some tag in ["environment", "Environment", "env", "Env", "stage", "Stage"]
	tags := object.union(r.default_tags, plain(r.after, "tags"))
	is_string(tags[tag])
	lower(tags[tag]) in data.platform.params.production_names
}

production(_) if production_plan

production_plan if {
	some part in split(replace(lower(input.plan.name), "\\", "/"), "/")
	some word in split(replace(part, "_", "-"), "-")
	word in data.platform.params.production_names
}

# METADATA
# title: An object attribute, or an empty object
plain(after, attribute) := after[attribute] if {
	is_object(after[attribute])
} else := {}
