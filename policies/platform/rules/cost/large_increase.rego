# METADATA
# title: One resource adds a large amount
# description: |
#   A single resource whose monthly cost grows by max_resource_delta (default 500, in the estimate's currency) or more,
#   so that a wrong size or count is seen by name and not only in the total.
# related_resources:
#   - https://aws.amazon.com/aws-cost-management/
# custom:
#   id: COST-007
#   severity: warn
#   reads: {}
package platform.rules.cost.large_increase

import rego.v2

import data.platform.lib

looked := count(input.estimate.resources) if {
	is_array(input.estimate.resources)
} else := 0

# METADATA
# title: The increase is over the limit
deny contains finding if {
	limit := data.platform.params.value.max_resource_delta
	some r in input.estimate.resources
	r.monthly.delta >= limit
	is_number(r.monthly.delta)
	finding := lib.finding(
		r,
		sprintf("%s adds %v %s a month.", [r.address, round(r.monthly.delta), input.estimate.currency]),
		"Check size and count, or raise the parameter max_resource_delta.",
	)
}

# METADATA
# title: The increase cannot be read
deny contains finding if {
	some r in input.estimate.resources
	not is_number(r.monthly.delta)
	finding := object.union(lib.unclear_finding(r, "cost"), {"fix": "Run the cost estimate again."})
}

# METADATA
# title: The estimate has no list of resources
deny contains finding if {
	not listed
	finding := {"msg": "The estimate has no list of resources.", "fix": "Run the cost estimate again.", "unclear": true}
}

listed if is_array(input.estimate.resources)

listed if input.estimate.resources == null
