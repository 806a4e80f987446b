package platform.rules.tags.region_test

import rego.v2

import data.platform.rules.tags.region as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"aws": testing.with_params(testing.one("aws_s3_bucket", {}), {"regions": ["us-east-1"]}),
		"azure": testing.with_params(testing.one("azurerm_resource_group", {"location": "East US"}), {"regions": ["eu-west-1", "westeurope", "europe-west1"]}),
		"google": testing.with_params(testing.one("google_storage_bucket", {"location": "US"}), {"regions": ["eu-west-1", "westeurope", "europe-west1"]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"aws": testing.with_params(testing.one("aws_s3_bucket", {}), {"regions": ["eu-west-1", "westeurope", "europe-west1"]}),
		"azure": testing.with_params(testing.one("azurerm_resource_group", {"location": "West Europe"}), {"regions": ["eu-west-1", "westeurope", "europe-west1"]}),
		"zone": testing.with_params(testing.one("google_compute_disk", {"location": "europe-west1-b"}), {"regions": ["eu-west-1", "westeurope", "europe-west1"]}),
		"nothing asked": testing.one("azurerm_resource_group", {"location": "East US"}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"location": testing.with_params(testing.unknown("azurerm_resource_group", {"location": true}), {"regions": ["eu-west-1", "westeurope", "europe-west1"]}),
		"provider region": testing.with_params(testing.many([object.union(testing.created("aws_s3_bucket", {}), {"region": ""})]), {"regions": ["eu-west-1"]}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"number": testing.with_params(testing.one("azurerm_resource_group", {"location": 1}), {"regions": ["eu-west-1", "westeurope", "europe-west1"]}),
	}
	count(rule.deny) > 0 with input as document
}
