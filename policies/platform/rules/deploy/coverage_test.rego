package platform.rules.deploy.coverage_test

import rego.v2

import data.platform.rules.deploy.coverage as rule

to(environment, floor, suites) := {"params": {"deploy_min_coverage": floor}, "deployment": {"environment": environment}, "evidence": {"suites": suites}, "missing": {}}

covers(name, covered, total, percent) := {
	"name": name, "tested": true, "code": "tested", "run_id": 7,
	"coverage": {"covered": covered, "total": total, "percent": percent, "reports": ["cover.out"]},
}

silent(name) := {"name": name, "tested": true, "code": "tested", "run_id": 7}

waits(name) := {"name": name, "tested": false, "code": "tests-running"}

back(document, rollback) := object.union(document, {"deployment": {"rollback": rollback}})

left_out(name) := {"name": name, "tested": false, "code": "not-applicable"}

test_violates[note] if {
	some note, document in {
		"no rollback": back(to("production", 80, [silent("unit")]), false),
		"perhaps a rollback": back(to("production", 80, [silent("unit")]), "yes"),
		"a name with capitals": object.union(to("Production", 80, [silent("unit")]), {"params": {"production_names": ["Production"]}}),
		"nearly": to("production", 80, [covers("unit", 1999, 2500, 79.96)]),
		"by a hundredth": to("production", 80.01, [covers("unit", 4, 5, 80)]),
		"not all": to("production", 100, [covers("unit", 999999999, 1000000000, 99.99)]),
		"nothing": to("production", 1, [covers("unit", 0, 5, 0)]),
		"other case": to("Production", 80, [covers("unit", 1, 2, 50)]),
		"no suite measures": to("production", 80, [silent("unit"), silent("e2e")]),
		"null": to("production", 80, [object.union(silent("unit"), {"coverage": null})]),
		"no suites": to("production", 80, []),
		"all left out": to("production", 80, [left_out("unit")]),
		"the rest measures nothing": to("production", 80, [left_out("unit"), silent("e2e")]),
		"a tiny suite beside": to("production", 80, [covers("tiny", 1, 1, 100), covers("unit", 10, 100, 10)]),
		"while another waits": to("production", 80, [covers("unit", 10, 100, 10), waits("e2e")]),
		"named": to("production", {"unit": 80}, [covers("unit", 10, 100, 10), covers("e2e", 1, 1, 100)]),
		"named and silent": to("production", {"unit": 80, "e2e": 10}, [silent("unit"), covers("e2e", 1, 1, 100)]),
		"named and not asked for": to("production", {"unti": 80}, [covers("unit", 9, 10, 90)]),
		"named and all left out": to("production", {"unit": 80, "api": 80}, [left_out("unit"), left_out("api"), covers("e2e", 1, 1, 100)]),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"exactly": to("production", 80, [covers("unit", 4, 5, 80)]),
		"exactly, to a tenth": to("production", 79.3, [covers("unit", 793, 1000, 79.3)]),
		"all": to("production", 100, [covers("unit", 5, 5, 100)]),
		"beside one that measures nothing": to("production", 80, [covers("unit", 9, 10, 90), silent("e2e")]),
		"beside one that is left out": to("production", 80, [covers("unit", 9, 10, 90), left_out("e2e")]),
		"one waits": to("production", 80, [silent("unit"), waits("e2e")]),
		"named": to("production", {"unit": 80, "e2e": 30}, [covers("unit", 9, 10, 90), covers("e2e", 4, 10, 40)]),
		"others are not named": to("production", {"unit": 80}, [covers("unit", 9, 10, 90), covers("e2e", 1, 10, 10)]),
		"named, one left out": to("production", {"unit": 80, "api": 80}, [covers("unit", 9, 10, 90), left_out("api")]),
		"named, waits": to("production", {"unit": 80}, [waits("unit")]),
		"a rollback": back(to("production", 80, [silent("unit")]), true),
		"staging": to("staging", 80, [silent("unit")]),
		"not asked": to("production", 0, [silent("unit")]),
		"nobody is asked": to("production", {"unit": 0}, [silent("unit")]),
		"no parameter": object.union(to("production", 0, [silent("unit")]), {"params": {}}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"percent": to("production", 80, [{"name": "unit", "tested": true, "coverage": {"covered": 1, "total": 1}}]),
		"total": to("production", 80, [{"name": "unit", "tested": true, "coverage": {"covered": 1, "percent": 100}}]),
		"tested": to("production", 80, [{"name": "unit", "coverage": {"covered": 1, "total": 1, "percent": 100}}]),
		"name": to("production", {"unit": 80}, [object.remove(covers("unit", 9, 10, 90), ["name"])]),
		"evidence": {"params": {"deploy_min_coverage": 80}, "deployment": {"environment": "production"}, "missing": {"evidence": "away"}},
	}
	some finding in rule.deny with input as document
	finding.unclear
}

test_wrong_type[note] if {
	some note, document in {
		"percent": to("production", 80, [covers("unit", 9, 10, "90")]),
		"more than all": to("production", 80, [covers("unit", 9, 10, 900)]),
		"more covered than there is": to("production", 80, [covers("unit", 11, 10, 90)]),
		"of nothing": to("production", 80, [covers("unit", 0, 0, 100)]),
		"negative": to("production", 80, [covers("unit", -1, 10, 90)]),
		"coverage": to("production", 80, [object.union(silent("unit"), {"coverage": "90 %"})]),
		"tested": to("production", 80, [object.union(covers("unit", 9, 10, 90), {"tested": "yes"})]),
		"suites": to("production", 80, {"unit": covers("unit", 9, 10, 90)}),
	}
	some finding in rule.deny with input as document
	finding.unclear
}

test_says_where_from if {
	rule.deny == {{"msg": "Suite unit covers 79.96 % (1999 of 2500); at least 80 % are asked for. Counted from cover.out of run 7.", "fix": "Test what is not covered, and push."}} with input as to("production", 80, [covers("unit", 1999, 2500, 79.96)])
}

test_says_what_mends_it if {
	some finding in rule.deny with input as to("production", {"unit": 80}, [left_out("unit")])
	finding.msg == "No suite measured coverage on this tree; at least 80 % by suite unit are asked for."
	contains(finding.fix, "platform evidence record --coverage FILE")
}

test_says_no_file if {
	some finding in rule.deny with input as to("production", 80, [object.remove(covers("unit", 1, 2, 50), ["run_id"])])
	finding.msg == "Suite unit covers 50 % (1 of 2); at least 80 % are asked for. Counted from cover.out of run unknown."
	some other in rule.deny with input as to("production", 80, [object.union(silent("unit"), {"coverage": {"covered": 1, "total": 2, "percent": 50}})])
	contains(other.msg, "Counted from the reports of run 7.")
}
