# METADATA
# title: Provider has no upper version bound
# description: |
#   A provider without a constraint, or with >= alone, takes the next major version when the lock file is made again, and
#   its breaking changes with it.
# related_resources:
#   - https://developer.hashicorp.com/terraform/language/providers/requirements#best-practices-for-provider-versions
# custom:
#   id: CHG-008
#   severity: warn
#   reads: {}
package platform.rules.change.provider_pins

import rego.v2

looked contains p.key if some p in third_party

# Aliases of a provider share the constraint of its first configuration.
third_party contains p if {
	some p in input.plan.providers
	p.alias == ""
	p.module == ""
	not startswith(p.source, "terraform.io/builtin/")
}

# METADATA
# title: No bound
deny contains finding if {
	some p in third_party
	is_string(p.version)
	not bounded(p.version)
	finding := {"msg": sprintf("Provider %s has no upper version bound.", [p.key]), "fix": "Set version in required_providers, such as \"~> 5.0\"."}
}

# METADATA
# title: The constraint cannot be read
deny contains finding if {
	some p in input.plan.providers
	not is_string(p.version)
	finding := {"msg": sprintf("The version of provider %v cannot be read.", [object.get(p, "key", "?")]), "fix": "Make the plan again with `terraform show -json`.", "unclear": true}
}

# METADATA
# title: The providers cannot be read
deny contains finding if {
	not is_array(input.plan.providers)
	finding := {"msg": "The plan does not list its providers.", "fix": "Make the plan again with `terraform show -json`.", "unclear": true}
}

bounded(version) if regex.match(`(~>|<|^ *=? *v?[0-9])`, version)
