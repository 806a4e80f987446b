package platform.rules.security.tls_minimum_test

import rego.v2

import data.platform.rules.security.tls_minimum as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"listener": testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-2016-08"}),
		"listener default": testing.one("aws_lb_listener", {"protocol": "TLS"}),
		"distribution": testing.one("aws_cloudfront_distribution", {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.1_2016"}]}),
		"distribution default": testing.one("aws_cloudfront_distribution", {"viewer_certificate": [{"acm_certificate_arn": "arn"}]}),
		"azure": testing.one("azurerm_storage_account", {"min_tls_version": "TLS1_0"}),
		"sql": testing.one("azurerm_mssql_server", {"minimum_tls_version": "1.1"}),
		"google default": testing.one("google_compute_ssl_policy", {}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"listener": testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}),
		"http": testing.one("aws_lb_listener", {"protocol": "HTTP"}),
		"distribution": testing.one("aws_cloudfront_distribution", {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.2_2021"}]}),
		"own certificate": testing.one("aws_cloudfront_distribution", {"viewer_certificate": [{"cloudfront_default_certificate": true}]}),
		"azure": testing.one("azurerm_storage_account", {"min_tls_version": "TLS1_2"}),
		"google": testing.one("google_compute_ssl_policy", {"min_tls_version": "TLS_1_2"}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"listener": testing.unknown("aws_lb_listener", {"ssl_policy": true}),
		"azure": testing.unknown("azurerm_storage_account", {"min_tls_version": true}),
		"distribution": testing.unknown("aws_cloudfront_distribution", {"viewer_certificate": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"listener": testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": 1}),
		"azure": testing.one("azurerm_storage_account", {"min_tls_version": 1.0}),
		"distribution": testing.one("aws_cloudfront_distribution", {"viewer_certificate": "none"}),
	}
	count(rule.deny) > 0 with input as document
}
