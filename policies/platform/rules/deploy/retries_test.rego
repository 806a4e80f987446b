package platform.rules.deploy.retries_test

import rego.v2

import data.platform.rules.deploy.retries as rule

to(environment, params, suites) := {"params": params, "deployment": {"environment": environment}, "evidence": {"suites": suites}, "missing": {}}

test_violates[note] if {
	some note, document in {
		"six": to("production", {}, [{"name": "unit", "tested": true, "retried": 6}]),
		"one of none": to("production", {"deploy_max_retried": 0}, [{"name": "unit", "tested": true, "retried": 1}]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"five": to("production", {}, [{"name": "unit", "tested": true, "retried": 5}]),
		"left out": to("production", {"deploy_max_retried": 0}, [{"name": "unit", "tested": false}]),
		"staging": to("staging", {"deploy_max_retried": 0}, [{"name": "unit", "tested": true, "retried": 1}]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"retried": to("production", {}, [{"name": "unit", "tested": true}]),
		"tested": to("production", {}, [{"name": "unit"}]),
		"evidence": {"params": {}, "deployment": {"environment": "production"}, "missing": {"evidence": "away"}},
	}
	some finding in rule.deny with input as document
	finding.unclear
}

test_wrong_type[note] if {
	some note, document in {
		"retried": to("production", {}, [{"name": "unit", "tested": true, "retried": "0"}]),
		"tested": to("production", {}, [{"name": "unit", "tested": "yes", "retried": null}]),
		"suites": to("production", {}, "none"),
	}
	some finding in rule.deny with input as document
	finding.unclear
}
