# METADATA
# title: Check of the configuration does not hold
# description: |
#   check blocks, preconditions and postconditions say what must hold. One that fails, or that broke, is told here; one that
#   is known only after apply cannot be told before it.
# related_resources:
#   - https://developer.hashicorp.com/terraform/language/checks
# custom:
#   id: CHG-009
#   severity: warn
#   reads: {}
package platform.rules.change.failed_checks

import rego.v2

looked contains c.address if some c in input.plan.checks

# METADATA
# title: A check failed
deny contains finding if {
	some c in input.plan.checks
	c.status in {"fail", "error"}
	finding := {"address": c.address, "msg": sprintf("%s does not hold: %s", [c.address, object.get(c, "problem", "")]), "fix": "Mend what the check names."}
}

# METADATA
# title: The status cannot be read
deny contains finding if {
	some c in input.plan.checks
	not c.status in {"pass", "fail", "error", "unknown"}
	finding := {"msg": sprintf("The status of the check %v cannot be read.", [object.get(c, "address", "?")]), "fix": "Make the plan again with `terraform show -json`.", "unclear": true}
}

# METADATA
# title: The checks cannot be read
deny contains finding if {
	not is_array(input.plan.checks)
	finding := {"msg": "The plan does not list its checks.", "fix": "Make the plan again with `terraform show -json`.", "unclear": true}
}
