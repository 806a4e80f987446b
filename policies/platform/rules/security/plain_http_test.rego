package platform.rules.security.plain_http_test

import rego.v2

import data.platform.rules.security.plain_http as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"forward": testing.one("aws_lb_listener", {"protocol": "HTTP", "default_action": [{"type": "forward"}]}),
		"storage": testing.one("azurerm_storage_account", {"https_traffic_only_enabled": false}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"redirect": testing.one("aws_lb_listener", {"protocol": "HTTP", "default_action": [{"type": "redirect", "redirect": [{"protocol": "HTTPS"}]}]}),
		"https": testing.one("aws_lb_listener", {"protocol": "HTTPS", "default_action": [{"type": "forward"}]}),
		"storage": testing.one("azurerm_storage_account", {"https_traffic_only_enabled": true}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"protocol": testing.unknown("aws_lb_listener", {"protocol": true}),
		"storage": testing.unknown("azurerm_storage_account", {"https_traffic_only_enabled": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"protocol": testing.one("aws_lb_listener", {"protocol": 80}),
		"storage": testing.one("azurerm_storage_account", {"https_traffic_only_enabled": "no"}),
	}
	count(rule.deny) > 0 with input as document
}
