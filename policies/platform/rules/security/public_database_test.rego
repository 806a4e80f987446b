package platform.rules.security.public_database_test

import rego.v2

import data.platform.rules.security.public_database as rule
import data.platform.testing

test_violates[type] if {
	some type, after in {
		"aws_db_instance": {"publicly_accessible": true},
		"aws_redshift_cluster": {"publicly_accessible": true},
		"azurerm_mssql_server": {"public_network_access_enabled": true},
		"google_sql_database_instance": {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "0.0.0.0/0"}]}]}]},
	}
	some finding in rule.deny with input as testing.one(type, after)
	not finding.unclear
}

test_conforms[type] if {
	some type, after in {
		"aws_db_instance": {"publicly_accessible": false},
		"google_sql_database_instance": {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "10.0.0.0/8"}]}]}]},
	}
	count(rule.deny) == 0 with input as testing.one(type, after)
}

test_missing[type] if {
	some type, attribute in {"aws_db_instance": "publicly_accessible", "google_sql_database_instance": "settings"}
	some finding in rule.deny with input as testing.unknown(type, {attribute: true})
	finding.unclear
}

test_wrong_type[type] if {
	some type, after in {
		"aws_db_instance": {"publicly_accessible": "yes"},
		"azurerm_mssql_server": {"public_network_access_enabled": "(sensitive value)"},
		"google_sql_database_instance": {"settings": "none"},
	}
	some finding in rule.deny with input as testing.one(type, after)
	finding.unclear
}
