package platform.rules.deploy.window_test

import rego.v2

import data.platform.rules.deploy.window as rule

to(changes) := {"params": {"deploy_windows": {"production": object.union(office, changes)}}, "missing": {}}

office := {"days": ["Monday", "tuesday"], "from": "09:00", "until": "16:00", "zone": "Europe/Berlin"}

at(document, time) := object.union(document, {"deployment": {"environment": "production", "at": time, "rollback": false}})

test_violates[note] if {
	some note, document in {
		"too early": at(to({}), "2026-03-02T07:59:59Z"),
		"too late": at(to({}), "2026-03-02T15:00:00Z"),
		"another day": at(to({}), "2026-03-04T10:00:00Z"),
		"another zone": at(to({"zone": "Asia/Tokyo"}), "2026-03-02T10:00:00Z"),
		"other case": object.union(at(to({}), "2026-03-04T10:00:00Z"), {"deployment": {"environment": "Production"}}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"first minute": at(to({}), "2026-03-02T08:00:00Z"),
		"last minute": at(to({}), "2026-03-03T14:59:59Z"),
		"all day": at(to({"from": "00:00", "until": "24:00"}), "2026-03-02T22:59:59Z"),
		"rollback": object.union(at(to({}), "2026-03-04T10:00:00Z"), {"deployment": {"rollback": true}}),
		"staging": object.union(at(to({}), "2026-03-04T10:00:00Z"), {"deployment": {"environment": "staging"}}),
		"no window": object.union(at(to({}), "2026-03-04T10:00:00Z"), {"params": {"deploy_windows": null}}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"time": object.union(to({}), {"deployment": {"environment": "production", "rollback": false}}),
		"rollback": object.union(to({}), {"deployment": {"environment": "production", "at": "2026-03-02T10:00:00Z"}}),
	}
	some finding in rule.deny with input as document
	finding.unclear
}

test_wrong_type[note] if {
	some note, document in {
		"time": at(to({}), 7),
		"no time": at(to({}), "noon"),
		"rollback": object.union(at(to({}), "2026-03-02T10:00:00Z"), {"deployment": {"rollback": "yes"}}),
	}
	some finding in rule.deny with input as document
	finding.unclear
}
