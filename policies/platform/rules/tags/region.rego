# METADATA
# title: Region is not allowed
# description: |
#   Resources are created only in the regions of the parameter regions: data stays where it may, and nothing runs where
#   nobody looks. Without the parameter there is nothing to check.
# related_resources:
#   - https://docs.aws.amazon.com/controltower/latest/userguide/region-deny.html
# custom:
#   id: TAGS-004
#   severity: warn
#   reads:
#     "*": [location]
package platform.rules.tags.region

import rego.v2

import data.platform.lib

looked := input.plan.judged if {
	count(names) > 0
} else := 0

# METADATA
# title: The region is not in the list
deny contains finding if {
	some r in elsewhere
	place := region(r)
	not allowed(place)
	not lib.unclear_string(r, "location")
	finding := lib.finding(
		r,
		sprintf("%s would be in %s.", [r.address, place]),
		sprintf("Use one of %s.", [concat(", ", data.platform.params.value.regions)]),
	)
}

# METADATA
# title: The location cannot be read
deny contains lib.unclear_finding(r, "location") if {
	some r in elsewhere
	lib.unclear_string(r, "location")
}

# METADATA
# title: The provider's region cannot be read
deny contains lib.unclear_finding(r, "provider's region") if {
	some r in elsewhere
	r.region == ""
	startswith(r.type, "aws_")
}

# Resources that are not plainly in an allowed region of their provider: few, as a rule.
elsewhere contains r if {
	count(names) > 0
	some r in input.resources[_]
	not names[r.region]
	r.judged
}

elsewhere contains r if {
	count(names) > 0
	some type, list in input.resources
	not startswith(type, "aws_")
	some r in list
	r.after.location != null
	r.judged
}

elsewhere contains r if {
	count(names) > 0
	some type, list in input.resources
	not startswith(type, "aws_")
	some r in list
	r.unknown.location
	r.judged
}

names := {name | some name in data.platform.params.value.regions}

region(r) := lower(replace(r.after.location, " ", "")) if {
	is_string(r.after.location)
	r.after.location != lib.sensitive
} else := r.region if r.region != ""

allowed(place) if {
	some name in data.platform.params.value.regions
	lower(name) == place
}

# A Google zone belongs to its region.
allowed(place) if {
	some name in data.platform.params.value.regions
	regex.match(`-[a-z]$`, place)
	startswith(place, concat("", [lower(name), "-"]))
}

allowed("global")
