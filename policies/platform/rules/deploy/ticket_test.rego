package platform.rules.deploy.ticket_test

import rego.v2

import data.platform.rules.deploy.ticket as rule

to(environment, params, pulls) := {"params": params, "deployment": {"environment": environment, "pull_requests": pulls}, "missing": {}}

ops := {"deploy_ticket": "^OPS-[0-9]+: "}

test_violates[note] if {
	some note, document in {
		"none": to("production", ops, [{"number": 1, "title": "fix it"}]),
		"empty": to("production", ops, [{"number": 1, "title": ""}]),
		"no pull request": to("production", {"deploy_ticket": ".*"}, [{"number": 0, "title": "", "commit": "1a"}]),
		"elsewhere": to("live", ops, [{"number": 1, "title": "fix OPS-1: it"}]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"named": to("production", ops, [{"number": 1, "title": "OPS-1: fix it"}]),
		"none": to("production", ops, []),
		"staging": to("staging", ops, [{"number": 1, "title": "fix it"}]),
		"not asked": to("production", {}, [{"number": 1, "title": "fix it"}]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"title": to("production", ops, [{"number": 1}]),
		"pull requests": {"params": ops, "deployment": {"environment": "production"}, "missing": {}},
		"with a reason": {"params": ops, "deployment": {"environment": "production", "pull_requests_missing": "too many"}, "missing": {}},
	}
	some finding in rule.deny with input as document
	finding.unclear
}

test_wrong_type[note] if {
	some note, document in {
		"title": to("production", ops, [{"number": 1, "title": 7}]),
		"pull requests": to("production", ops, {}),
	}
	some finding in rule.deny with input as document
	finding.unclear
}
