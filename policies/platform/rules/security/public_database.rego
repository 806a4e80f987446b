# METADATA
# title: Database can be reached from the internet
# description: |
#   A database with a public endpoint is one leaked password away from being copied. Looks at the switch of each
#   provider and, for Cloud SQL, at authorised networks that hold the whole internet.
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

switches := {
	"aws_db_instance": "publicly_accessible",
	"aws_rds_cluster_instance": "publicly_accessible",
	"aws_redshift_cluster": "publicly_accessible",
	"aws_dms_replication_instance": "publicly_accessible",
	"azurerm_mssql_server": "public_network_access_enabled",
	"azurerm_postgresql_server": "public_network_access_enabled",
	"azurerm_mysql_server": "public_network_access_enabled",
	"azurerm_mariadb_server": "public_network_access_enabled",
}

# METADATA
# title: The public switch is on
deny contains finding if {
	some type, attribute in switches
	some r in input.resources[type]
	r.judged
	lib.is_true(r, attribute)
	finding := lib.finding(r, sprintf("%s has a public endpoint.", [r.address]), sprintf("Set %s = false.", [attribute]))
}

# METADATA
# title: The public switch cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type, attribute in switches
	some r in input.resources[type]
	r.judged
	lib.unclear_bool(r, attribute)
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

unclear_settings(r) if lib.unclear_blocks(r, "settings")

unclear_settings(r) if {
	some s in r.after.settings
	s.ip_configuration != null
	not is_array(s.ip_configuration)
}
