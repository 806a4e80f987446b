# METADATA
# title: Policy parameter has the wrong type
# description: |
#   A parameter that cannot be used leaves its rule at the default. That is undecided, because a convention which somebody
#   set down would otherwise silently not hold.
# related_resources:
#   - https://www.openpolicyagent.org/docs/latest/
# custom:
#   id: CFG-001
#   severity: warn
#   reads: {}
package platform.rules.config.parameters

import rego.v2

looked contains name if some name, _ in data.platform.params.configured

# METADATA
# title: The type is not the one of the default
deny contains finding if {
	some name, expected in data.platform.params.wrong
	finding := {"msg": sprintf("policies.params.%s must be %s.", [name, expected]), "fix": sprintf("Write %s as %s.", [name, expected]), "severity": "undecided"}
}

# METADATA
# title: The parameters are no map
deny contains finding if {
	not is_object(input.params)
	finding := {"msg": "policies.params is no map.", "fix": "Write policies.params as a map of names to values.", "severity": "undecided"}
}
