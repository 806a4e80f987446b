# METADATA
# title: Production data has no deletion protection
# description: |
#   In production, databases and load balancers have deletion protection and leave a final snapshot. Production is what
#   its environment tag, or a part of the plan's path, says (parameter production_names); with production_only = false
#   the rule holds everywhere.
# related_resources:
#   - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
# custom:
#   id: CHG-004
#   severity: warn
#   reads:
#     aws_db_instance: [deletion_protection, tags, skip_final_snapshot]
#     aws_rds_cluster: [deletion_protection, tags, skip_final_snapshot]
#     aws_docdb_cluster: [deletion_protection, tags, skip_final_snapshot]
#     aws_neptune_cluster: [deletion_protection, tags, skip_final_snapshot]
#     aws_dynamodb_table: [deletion_protection_enabled, tags]
#     aws_lb: [enable_deletion_protection, tags]
#     google_sql_database_instance: [deletion_protection, tags]
#     google_spanner_database: [deletion_protection, tags]
#     google_bigquery_table: [deletion_protection, tags]
#     aws_redshift_cluster: [skip_final_snapshot, tags]
package platform.rules.change.deletion_protection

import rego.v2

import data.platform.lib

protections := {
	"aws_db_instance": "deletion_protection",
	"aws_rds_cluster": "deletion_protection",
	"aws_docdb_cluster": "deletion_protection",
	"aws_neptune_cluster": "deletion_protection",
	"aws_dynamodb_table": "deletion_protection_enabled",
	"aws_lb": "enable_deletion_protection",
	"google_sql_database_instance": "deletion_protection",
	"google_spanner_database": "deletion_protection",
	"google_bigquery_table": "deletion_protection",
}

# Google's provider protects unless told otherwise.
protected_by_default := {"google_sql_database_instance", "google_bigquery_table"}

snapshots := ["aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster", "aws_redshift_cluster"]

# METADATA
# title: Protection is off
deny contains finding if {
	some type, attribute in protections
	some r in input.resources[type]
	r.judged
	not r.after[attribute] == true
	not protected(r, attribute)
	not lib.unclear_bool(r, attribute)
	applies(r)
	finding := lib.finding(r, sprintf("%s can be deleted at once.", [r.address]), sprintf("Set %s = true.", [attribute]))
}

# METADATA
# title: No final snapshot is made
deny contains finding if {
	some type in snapshots
	some r in input.resources[type]
	r.judged
	r.after.skip_final_snapshot == true
	applies(r)
	finding := lib.finding(r, sprintf("%s leaves no final snapshot.", [r.address]), "Set skip_final_snapshot = false and name the snapshot.")
}

# METADATA
# title: The protection cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type, attribute in protections
	some r in input.resources[type]
	r.judged
	lib.unclear_bool(r, attribute)
	applies(r)
}

# METADATA
# title: The snapshot switch cannot be read
deny contains lib.unclear_finding(r, "skip_final_snapshot") if {
	some type in snapshots
	some r in input.resources[type]
	r.judged
	lib.unclear_bool(r, "skip_final_snapshot")
	applies(r)
}

protected(r, attribute) if {
	r.type in protected_by_default
	object.get(r.after, attribute, null) == null
}

applies(_) if data.platform.params.value.production_only == false

applies(r) if lib.production(r)
