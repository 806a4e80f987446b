# METADATA
# title: Plan shows less than the whole change
# description: |
#   A plan made with -target, with deferred changes, or that failed part-way shows only some of what will happen. A failed
#   one is undecided.
# related_resources:
#   - https://developer.hashicorp.com/terraform/cli/commands/plan#resource-targeting
# custom:
#   id: CHG-005
#   severity: warn
#   reads: {}
package platform.rules.change.partial_plan

import rego.v2

looked contains "plan" if input.plan

# METADATA
# title: The plan failed
deny contains finding if {
	input.plan.errored == true
	finding := {"msg": "The plan failed part-way and does not show the whole change.", "fix": "Mend the error and plan again.", "severity": "undecided"}
}

# METADATA
# title: The plan is partial
deny contains finding if {
	input.plan.complete == false
	not input.plan.errored == true
	finding := {"msg": "The plan was made with -target or has deferred changes.", "fix": "Plan again without -target."}
}

# METADATA
# title: The plan does not say
deny contains finding if {
	some name in ["complete", "errored"]
	not is_boolean(input.plan[name])
	finding := {"msg": sprintf("The plan does not say whether it is %s.", [name]), "fix": "Make the plan again with `terraform show -json`.", "severity": "undecided"}
}
