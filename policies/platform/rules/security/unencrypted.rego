# METADATA
# title: Storage is not encrypted at rest
# description: |
#   Disks, databases and file systems are encrypted at rest; it costs nothing and cannot be switched on later without a
#   new volume.
# related_resources:
#   - https://docs.aws.amazon.com/prescriptive-guidance/latest/encryption-best-practices/welcome.html
# custom:
#   id: SEC-005
#   severity: warn
#   reads:
#     aws_ebs_volume: [encrypted]
#     aws_db_instance: [storage_encrypted]
#     aws_rds_cluster: [storage_encrypted]
#     aws_docdb_cluster: [storage_encrypted]
#     aws_neptune_cluster: [storage_encrypted]
#     aws_efs_file_system: [encrypted]
#     aws_elasticache_replication_group: [at_rest_encryption_enabled]
#     aws_redshift_cluster: [encrypted]
package platform.rules.security.unencrypted

import rego.v2

import data.platform.lib

# Resource type → the switch, the value that it needs, and the provider's default.
switches := {
	"aws_ebs_volume": {"attribute": "encrypted", "want": true, "default": false},
	"aws_db_instance": {"attribute": "storage_encrypted", "want": true, "default": false},
	"aws_rds_cluster": {"attribute": "storage_encrypted", "want": true, "default": false},
	"aws_docdb_cluster": {"attribute": "storage_encrypted", "want": true, "default": false},
	"aws_neptune_cluster": {"attribute": "storage_encrypted", "want": true, "default": false},
	"aws_efs_file_system": {"attribute": "encrypted", "want": true, "default": false},
	"aws_elasticache_replication_group": {"attribute": "at_rest_encryption_enabled", "want": true, "default": false},
	"aws_redshift_cluster": {"attribute": "encrypted", "want": true, "default": false},
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
	finding := lib.finding(r, sprintf("%s is not encrypted at rest.", [r.address]), sprintf("Set %s = %v.", [switch.attribute, switch.want]))
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
