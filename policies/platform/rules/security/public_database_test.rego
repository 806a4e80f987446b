package platform.rules.security.public_database_test

import rego.v2

import data.platform.rules.security.public_database as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"rds": testing.one("aws_db_instance", {"publicly_accessible": true}),
		"redshift": testing.one("aws_redshift_cluster", {"publicly_accessible": true}),
		"azure": testing.one("azurerm_mssql_server", {"public_network_access_enabled": true}),
		"azure default": testing.one("azurerm_mssql_server", {}),
		"cloud sql": testing.one("google_sql_database_instance", {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "0.0.0.0/0"}]}]}]}),
		"half the internet": testing.one("google_sql_database_instance", {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "128.0.0.0/1"}]}]}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"rds": testing.one("aws_db_instance", {"publicly_accessible": false}),
		"rds default": testing.one("aws_db_instance", {}),
		"azure": testing.one("azurerm_mssql_server", {"public_network_access_enabled": false}),
		"cloud sql": testing.one("google_sql_database_instance", {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "10.0.0.0/8"}]}]}]}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"rds": testing.unknown("aws_db_instance", {"publicly_accessible": true}),
		"cloud sql": testing.unknown("google_sql_database_instance", {"settings": true}),
		"network": testing.unknown("google_sql_database_instance", {"settings": [{"ip_configuration": [{"authorized_networks": true}]}]}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"rds": testing.one("aws_db_instance", {"publicly_accessible": "yes"}),
		"azure": testing.one("azurerm_mssql_server", {"public_network_access_enabled": "(sensitive value)"}),
		"cloud sql": testing.one("google_sql_database_instance", {"settings": "none"}),
		"configuration": testing.one("google_sql_database_instance", {"settings": [{"ip_configuration": "none"}]}),
	}
	count(rule.deny) > 0 with input as document
}
