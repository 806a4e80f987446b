# METADATA
# title: Switch deletes contents without asking
# description: |
#   force_destroy and its like empty a bucket, repository or zone before it is deleted, so that nothing stops a mistake.
# related_resources:
#   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket#force_destroy
# custom:
#   id: CHG-003
#   severity: warn
#   reads:
#     aws_s3_bucket: [force_destroy]
#     aws_ecr_repository: [force_delete]
#     aws_route53_zone: [force_destroy]
#     aws_iam_user: [force_destroy]
#     aws_backup_vault: [force_destroy]
#     google_storage_bucket: [force_destroy]
#     google_bigquery_dataset: [delete_contents_on_destroy]
package platform.rules.change.force_destroy

import rego.v2

import data.platform.lib

# Resource type → the switch, the value that it needs, and the provider's default.
switches := {
	"aws_s3_bucket": {"attribute": "force_destroy", "want": false, "default": false},
	"aws_ecr_repository": {"attribute": "force_delete", "want": false, "default": false},
	"aws_route53_zone": {"attribute": "force_destroy", "want": false, "default": false},
	"aws_iam_user": {"attribute": "force_destroy", "want": false, "default": false},
	"aws_backup_vault": {"attribute": "force_destroy", "want": false, "default": false},
	"google_storage_bucket": {"attribute": "force_destroy", "want": false, "default": false},
	"google_bigquery_dataset": {"attribute": "delete_contents_on_destroy", "want": false, "default": false},
}

# METADATA
# title: The switch has the wrong value
deny contains finding if {
	some type, switch in switches
	some r in input.resources[type]
	r.judged
	object.get(r.after, switch.attribute, null) != switch.want
	not lib.unclear_bool(r, switch.attribute)
	lib.setting(r, switch.attribute, switch.default) != switch.want
	finding := lib.finding(r, sprintf("%s would be deleted with its contents.", [r.address]), sprintf("Set %s = %v.", [switch.attribute, switch.want]))
}

# METADATA
# title: The switch cannot be read
deny contains lib.unclear_finding(r, switch.attribute) if {
	some type, switch in switches
	some r in input.resources[type]
	r.judged
	object.get(r.after, switch.attribute, null) != switch.want
	lib.unclear_bool(r, switch.attribute)
}
