package platform.rules.security.imds_test

import rego.v2

import data.platform.rules.security.imds as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"absent": testing.one("aws_instance", {}),
		"optional": testing.one("aws_launch_template", {"metadata_options": [{"http_tokens": "optional"}]}),
		"provider default": testing.many([object.union(testing.created("aws_instance", {}), {"unknown": {"metadata_options": true}, "configured": {}})]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"required": testing.one("aws_instance", {"metadata_options": [{"http_tokens": "required"}]}),
		"off": testing.one("aws_instance", {"metadata_options": [{"http_endpoint": "disabled"}]}),
		"required, limit unknown": testing.many([object.union(testing.created("aws_instance", {"metadata_options": [{"http_tokens": "required"}]}), {"unknown": {"metadata_options": [{"http_put_response_hop_limit": true}]}})]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_instance", {"metadata_options": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.one("aws_instance", {"metadata_options": "required"}),
		"list of texts": testing.one("aws_instance", {"metadata_options": ["required"]}),
	}
	count(rule.deny) > 0 with input as document
}
