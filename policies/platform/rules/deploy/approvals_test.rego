package platform.rules.deploy.approvals_test

import rego.v2

import data.platform.rules.deploy.approvals as rule

to(environment, params, pulls) := {"params": params, "deployment": {"environment": environment, "pull_requests": pulls}, "missing": {}}

two := {"deploy_min_approvals": 2}

test_violates[note] if {
	some note, document in {
		"one": to("production", two, [{"number": 1, "approvals": 1}]),
		"one of two": to("production", two, [{"number": 1, "approvals": 2}, {"number": 2, "approvals": 0}]),
		"no pull request": to("production", two, [{"number": 0, "approvals": 0, "commit": "1a"}]),
		"other case": to("Production", two, [{"number": 1, "approvals": 1}]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"two": to("production", two, [{"number": 1, "approvals": 2}]),
		"none": to("production", two, []),
		"staging": to("staging", two, [{"number": 1, "approvals": 0}]),
		"not asked": to("production", {}, [{"number": 1, "approvals": 0}]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"approvals": to("production", two, [{"number": 1}]),
		"pull requests": {"params": two, "deployment": {"environment": "production"}, "missing": {}},
		"with a reason": {"params": two, "deployment": {"environment": "production", "pull_requests_missing": "too many"}, "missing": {}},
	}
	some finding in rule.deny with input as document
	finding.unclear
}

test_wrong_type[note] if {
	some note, document in {
		"approvals": to("production", two, [{"number": 1, "approvals": "2"}]),
		"pull requests": to("production", two, "none"),
	}
	some finding in rule.deny with input as document
	finding.unclear
}
