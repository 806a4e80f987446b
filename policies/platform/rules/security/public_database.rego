# METADATA
# title: Database can be reached from the internet
# description: |
#   A database with a public endpoint is one leaked password away from being copied. Looks at the switch of each
#   provider and, for Cloud SQL, at authorised networks that hold the internet.
# related_resources:
#   - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
#   - https://learn.microsoft.com/azure/azure-sql/database/connectivity-settings
#   - https://cloud.google.com/sql/docs/mysql/authorize-networks
# custom:
#   id: SEC-002
#   severity: block
#   reads:
#     aws_db_instance: [publicly_accessible]
#     aws_rds_cluster_instance: [publicly_accessible]
#     aws_redshift_cluster: [publicly_accessible]
#     aws_dms_replication_instance: [publicly_accessible]
#     azurerm_mssql_server: [public_network_access_enabled]
#     azurerm_postgresql_server: [public_network_access_enabled]
#     azurerm_mysql_server: [public_network_access_enabled]
#     azurerm_mariadb_server: [public_network_access_enabled]
#     google_sql_database_instance: [settings]
package platform.rules.security.public_database

import rego.v2

import data.platform.lib

# Resource type → the switch, the value that it needs, and the provider's default.
switches := {
	"aws_db_instance": {"attribute": "publicly_accessible", "want": false, "default": false},
	"aws_rds_cluster_instance": {"attribute": "publicly_accessible", "want": false, "default": false},
	"aws_redshift_cluster": {"attribute": "publicly_accessible", "want": false, "default": false},
	"aws_dms_replication_instance": {"attribute": "publicly_accessible", "want": false, "default": false},
	"azurerm_mssql_server": {"attribute": "public_network_access_enabled", "want": false, "default": true},
	"azurerm_postgresql_server": {"attribute": "public_network_access_enabled", "want": false, "default": true},
	"azurerm_mysql_server": {"attribute": "public_network_access_enabled", "want": false, "default": true},
	"azurerm_mariadb_server": {"attribute": "public_network_access_enabled", "want": false, "default": true},
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
	finding := lib.finding(r, sprintf("%s has a public endpoint.", [r.address]), sprintf("Set %s = %v.", [switch.attribute, switch.want]))
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

# METADATA
# title: Cloud SQL lets the whole internet in
deny contains finding if {
	some r in input.resources.google_sql_database_instance
	r.judged
	some network in r.after.settings[_].ip_configuration[_].authorized_networks
	lib.world(network.value)
	finding := lib.finding(r, sprintf("%s accepts connections from %s.", [r.address, network.value]), "Remove the authorized_networks entry.")
}

# METADATA
# title: Cloud SQL's settings cannot be read
deny contains lib.unclear_finding(r, "settings") if {
	some r in input.resources.google_sql_database_instance
	r.judged
	unclear_settings(r)
}

unclear_settings(r) if r.after.settings == lib.sensitive

unclear_settings(r) if {
	r.after.settings != null
	not is_array(r.after.settings)
}

unclear_settings(r) if {
	some s in r.after.settings
	s.ip_configuration != null
	not is_array(s.ip_configuration)
}

unclear_settings(r) if {
	r.unknown.settings == true
	lib.configured(r, "settings")
}

unclear_settings(r) if {
	walk(r.unknown.settings, [path, true])
	path[count(path) - 1] in {"authorized_networks", "value"}
}
