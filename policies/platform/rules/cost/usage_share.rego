# METADATA
# title: Cost rests mainly on usage assumptions
# description: |
#   When most of the estimate after the change comes from assumed usage, the amount is only as good as the assumption.
#   The share from which this is told is max_usage_share (default 0.5); amounts below 10 a month are left alone.
# related_resources:
#   - https://www.infracost.io/docs/features/usage_based_resources/
# custom:
#   id: COST-005
#   severity: warn
#   reads: {}
package platform.rules.cost.usage_share

import rego.v2

looked contains "estimate" if input.estimate.total

# METADATA
# title: The share is too large
deny contains finding if {
	readable
	total := input.estimate.total.after
	usage := input.estimate.usage_part.after
	total >= 10
	share := usage / total
	share > data.platform.params.value.max_usage_share
	finding := {
		"msg": sprintf("%d %% of the monthly cost after this change is assumed usage.", [round(share * 100)]),
		"fix": "Write real usage into the usage file: `platform cost sync-usage` makes its skeleton.",
	}
}

# METADATA
# title: The estimate cannot be read
deny contains finding if {
	not readable
	finding := {"msg": "The estimate has no total that can be judged.", "fix": "Run the cost estimate again.", "unclear": true}
}

readable if {
	is_number(input.estimate.total.after)
	is_number(input.estimate.usage_part.after)
}
