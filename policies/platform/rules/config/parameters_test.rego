package platform.rules.config.parameters_test

import rego.v2

import data.platform.rules.config.parameters as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"text for list": testing.with_params(testing.many([]), {"required_tags": "owner"}),
		"number in list": testing.with_params(testing.many([]), {"regions": [1]}),
		"negative": testing.with_params(testing.many([]), {"max_nat_gateways": -1}),
		"share": testing.with_params(testing.many([]), {"max_usage_share": 2}),
		"map": testing.with_params(testing.many([]), {"tag_values": {"env": "dev"}}),
		"days": testing.with_params(testing.many([]), {"deploy_windows": {"production": {"days": "Monday", "from": "09:00", "until": "16:00", "zone": "UTC"}}}),
		"hours": testing.with_params(testing.many([]), {"deploy_windows": {"production": {"days": ["Monday"], "from": "9", "until": "16:00", "zone": "UTC"}}}),
		"the server's zone": testing.with_params(testing.many([]), {"deploy_windows": {"production": {"days": ["Monday"], "from": "09:00", "until": "16:00", "zone": "Local"}}}),
		"hours as numbers": testing.with_params(testing.many([]), {"deploy_windows": {"production": {"days": ["Monday"], "from": 9, "until": 16, "zone": "UTC"}}}),
		"no window": testing.with_params(testing.many([]), {"deploy_windows": {"production": {}}}),
		"expression": testing.with_params(testing.many([]), {"deploy_ticket": "["}),
		"approvals": testing.with_params(testing.many([]), {"deploy_min_approvals": "2"}),
		"coverage as text": testing.with_params(testing.many([]), {"deploy_min_coverage": "80"}),
		"coverage as share": testing.with_params(testing.many([]), {"deploy_min_coverage": 0.8}),
		"coverage of more than all": testing.with_params(testing.many([]), {"deploy_min_coverage": 101}),
		"negative coverage": testing.with_params(testing.many([]), {"deploy_min_coverage": -1}),
		"coverage of nobody": testing.with_params(testing.many([]), {"deploy_min_coverage": {}}),
		"coverage of a suite as text": testing.with_params(testing.many([]), {"deploy_min_coverage": {"unit": 80, "e2e": "none"}}),
		"switch": testing.with_params(testing.many([]), {"production_only": "yes"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"none": testing.many([]),
		"right": testing.with_params(testing.many([]), {"required_tags": ["owner"], "tag_values": {"env": ["dev"]}, "regions": ["eu-west-1"], "max_nat_gateways": 2, "max_usage_share": 0.2, "max_resource_delta": 10, "production_names": ["live"], "production_only": false}),
		"coverage": testing.with_params(testing.many([]), {"deploy_min_coverage": 80.5}),
		"no coverage": testing.with_params(testing.many([]), {"deploy_min_coverage": 0}),
		"coverage of suites": testing.with_params(testing.many([]), {"deploy_min_coverage": {"unit": 80, "e2e": 0}}),
		"another bundle's": testing.with_params(testing.many([]), {"budget_owner": 1}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"null": testing.with_params(testing.many([]), {"required_tags": null}),
		"no parameters at all": {},
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"list": {"params": ["required_tags"]},
		"text": {"params": "required_tags"},
	}
	count(rule.deny) > 0 with input as document
}
