# METADATA
# title: Resources were changed outside Terraform
# description: |
#   Somebody changed these by hand. Applying may undo it, or hide that the configuration is out of date.
# related_resources:
#   - https://developer.hashicorp.com/terraform/tutorials/state/resource-drift
# custom:
#   id: CHG-006
#   severity: warn
#   reads: {}
package platform.rules.change.drift

import rego.v2

looked contains sprintf("%d %s", [i, r.address]) if some i, r in input.plan.drift

# METADATA
# title: A resource has drifted
deny contains finding if {
	some r in input.plan.drift
	not r.action in {"no-op", "read"}
	finding := {"address": r.address, "msg": sprintf("%s was changed outside Terraform (%s).", [r.address, r.action]), "fix": "Bring the change into the configuration, or let this apply undo it."}
}

# METADATA
# title: The drift cannot be read
deny contains finding if {
	not is_array(input.plan.drift)
	finding := {"msg": "The plan does not say what drifted.", "fix": "Make the plan again with `terraform show -json`.", "unclear": true}
}
