# METADATA
# title: Parameters of the built-in policies
# description: |
#   The one place for defaults. `value` has the configured parameters over them; a parameter of the wrong type keeps
#   its default there and is told by CFG-001, which is undecided.
package platform.params

import rego.v2

defaults := {
	"required_tags": [],
	"tag_values": {},
	"regions": [],
	"max_nat_gateways": 1,
	"max_usage_share": 0.5,
	"max_resource_delta": 500,
	"production_names": ["prod", "production", "live"],
	"production_only": true,
	"deploy_min_approvals": 0,
	"deploy_ticket": "",
	"deploy_windows": {},
	"deploy_max_retried": 5,
	"deploy_min_coverage": 0,
}

value[name] := given if {
	some name, given in configured
	ok(name, given)
}

value[name] := fallback if {
	some name, fallback in defaults
	not ok(name, configured[name])
}

# METADATA
# title: The names of production, in lower case
production_names := {lower(name) | some name in value.production_names}

configured := object.filter(input.params, object.keys(defaults)) if {
	is_object(input.params)
} else := {}

# METADATA
# title: Parameters that have another type than their default
wrong[name] := expected if {
	some name, given in configured
	not ok(name, given)
	expected := expectation[name]
}

expectation := {
	"required_tags": "a list of tag names",
	"tag_values": "a map of tag name to list of values",
	"regions": "a list of region names",
	"max_nat_gateways": "a number from 0",
	"max_usage_share": "a number from 0 to 1",
	"max_resource_delta": "a number from 0",
	"production_names": "a list of names",
	"production_only": "true or false",
	"deploy_min_approvals": "a number from 0",
	"deploy_ticket": "a regular expression",
	"deploy_windows": "a map of environment to {days, from, until, zone}",
	"deploy_max_retried": "a number from 0",
	"deploy_min_coverage": "a percentage (0, or 1 to 100), or a map of suite to percentage",
}

ok("required_tags", v) if strings(v)

ok("regions", v) if strings(v)

ok("production_names", v) if strings(v)

ok("tag_values", v) if {
	is_object(v)
	every list in v {
		strings(list)
	}
}

ok("max_nat_gateways", v) if amount(v)

ok("max_resource_delta", v) if amount(v)

ok("max_usage_share", v) if {
	amount(v)
	v <= 1
}

ok("production_only", v) if is_boolean(v)

ok("deploy_min_approvals", v) if amount(v)

ok("deploy_max_retried", v) if amount(v)

ok("deploy_min_coverage", v) if percentage(v)

ok("deploy_min_coverage", v) if {
	is_object(v)
	count(v) > 0
	every floor in v {
		percentage(floor)
	}
}

ok("deploy_ticket", v) if {
	is_string(v)
	regex.is_valid(v)
}

ok("deploy_windows", v) if {
	is_object(v)
	every window in v {
		strings(window.days)
		strings([window.from, window.until, window.zone])
		regex.match(`^([01][0-9]|2[0-3]):[0-5][0-9]$`, window.from)
		regex.match(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, window.until)
		regex.match(`^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]*){1,2})$`, window.zone)
	}
}

amount(v) if {
	is_number(v)
	v >= 0
}

# 0.8 is meant as 80 percent, and would ask for next to nothing.
percentage(v) if {
	amount(v)
	v >= 1
	v <= 100
}

percentage(0)

strings(v) if {
	is_array(v)
	every s in v {
		is_string(s)
	}
}
