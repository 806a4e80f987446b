# METADATA
# title: Log group keeps its logs for ever
# description: |
#   Without retention_in_days CloudWatch keeps every log line for good, and its cost only grows.
# related_resources:
#   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_log_group
# custom:
#   id: COST-008
#   severity: warn
#   reads:
#     aws_cloudwatch_log_group: [retention_in_days]
package platform.rules.cost.log_retention

import rego.v2

import data.platform.lib

# METADATA
# title: No retention is set
deny contains finding if {
	some r in input.resources.aws_cloudwatch_log_group
	r.judged
	not lib.unclear_number(r, "retention_in_days")
	object.get(r.after, "retention_in_days", null) in {null, 0}
	finding := lib.finding(r, sprintf("%s keeps its logs for ever.", [r.address]), "Set retention_in_days, such as 30.")
}

# METADATA
# title: The retention cannot be read
deny contains lib.unclear_finding(r, "retention_in_days") if {
	some r in input.resources.aws_cloudwatch_log_group
	r.judged
	lib.unclear_number(r, "retention_in_days")
}
