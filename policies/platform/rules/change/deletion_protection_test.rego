package platform.rules.change.deletion_protection_test

import rego.v2

import data.platform.rules.change.deletion_protection as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"off": testing.one("aws_db_instance", {"tags": {"environment": "production"}, "deletion_protection": false}),
		"absent": testing.one("aws_rds_cluster", {"tags": {"environment": "production"}}),
		"snapshot": testing.one("aws_db_instance", {"tags": {"environment": "production"}, "deletion_protection": true, "skip_final_snapshot": true}),
		"everywhere": testing.with_params(testing.one("aws_db_instance", {"deletion_protection": false}), {"production_only": false}),
		"path": object.union(testing.one("aws_db_instance", {}), {"plan": {"name": "infra/prod/plan.json"}}),
		"default tag": testing.many([object.union(testing.created("aws_db_instance", {"deletion_protection": false}), {"default_tags": {"Environment": "Production"}})]),
		"google off": testing.with_params(testing.one("google_sql_database_instance", {"deletion_protection": false}), {"production_only": false}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"on": testing.one("aws_db_instance", {"tags": {"environment": "production"}, "deletion_protection": true, "skip_final_snapshot": false}),
		"not production": testing.one("aws_db_instance", {"tags": {"environment": "dev"}, "deletion_protection": false}),
		"path": object.union(testing.one("aws_db_instance", {}), {"plan": {"name": "products/plan.json"}}),
		"google default": testing.with_params(testing.one("google_sql_database_instance", {}), {"production_only": false}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"protection": testing.with_params(testing.unknown("aws_db_instance", {"deletion_protection": true}), {"production_only": false}),
		"snapshot": testing.with_params(testing.unknown("aws_redshift_cluster", {"skip_final_snapshot": true}), {"production_only": false}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.one("aws_db_instance", {"tags": {"environment": "production"}, "deletion_protection": "on"}),
		"tag is a number": testing.with_params(testing.one("aws_db_instance", {"tags": {"env": 1}, "deletion_protection": false}), {"production_only": false}),
	}
	count(rule.deny) > 0 with input as document
}
