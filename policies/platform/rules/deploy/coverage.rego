# METADATA
# title: Tests cover too little
# description: |
#   The tests of what goes to production (production_names) cover at least deploy_min_coverage percent. A number is asked
#   of every required suite that measures coverage, and one at least has to; a map of suite to number is asked of the suites
#   that it names, and each of them has to. What counts are the lines (of Go profiles, statements) that the reports of the
#   run list, as the server counts them, rounded down; suites are never added up. A rollback to what went there on evidence
#   is not asked again: a floor that was set since must not be in its way.
# related_resources:
#   - https://martinfowler.com/bliki/TestCoverage.html
# custom:
#   id: DEPLOY-005
#   severity: block
#   reads: {}
package platform.rules.deploy.coverage

import rego.v2

import data.platform.params

least := params.value.deploy_min_coverage

floors := {name: floor | some name, floor in least; floor > 0} if is_object(least)

floors := {} if is_number(least)

some_floor if {
	is_number(least)
	least > 0
}

some_floor if count(floors) > 0

asked if {
	some_floor
	lower(input.deployment.environment) in params.production_names
	object.get(input.deployment, "rollback", null) != true
}

looked contains s.name if {
	asked
	some s in input.evidence.suites
}

# METADATA
# title: A suite covers less
deny contains finding if {
	asked
	some s in input.evidence.suites
	measured(s)
	floor := floor_of(s)
	s.coverage.percent < floor
	finding := {"msg": sprintf("Suite %s covers %v %% (%v of %v); at least %v %% are asked for. Counted from %s of run %v.", [s.name, s.coverage.percent, s.coverage.covered, s.coverage.total, floor, source(s), run(s)]), "fix": "Test what is not covered, and push."}
}

# METADATA
# title: A suite that has to measures no coverage
deny contains finding if {
	asked
	some s in input.evidence.suites
	silent(s)
	floor := floors[s.name]
	finding := {"msg": sprintf("Suite %s measured no coverage in run %v; at least %v %% are asked for.", [s.name, run(s), floor]), "fix": record}
}

# METADATA
# title: A suite that has to measure coverage is not asked for
deny contains finding if {
	asked
	is_array(input.evidence.suites)
	some name, floor in floors
	not name in {s.name | some s in input.evidence.suites}
	finding := {"msg": sprintf("Suite %s has to cover %v %%, and %s does not ask for it.", [name, floor, input.deployment.environment]), "fix": "Name the suite under environments.NAME.tested.suites, or take it out of policies.params.deploy_min_coverage."}
}

# METADATA
# title: No suite measures coverage
deny contains finding if {
	asked
	is_array(input.evidence.suites)
	not unreadable
	unmeasured
	finding := {"msg": sprintf("No suite measured coverage on this tree; at least %s are asked for.", [wanted]), "fix": record}
}

# METADATA
# title: The coverage of a suite is not known
deny contains finding if {
	asked
	unreadable
	finding := {"msg": "The coverage of a suite is not known.", "fix": "Ask again.", "unclear": true}
}

# METADATA
# title: The suites are not known
deny contains finding if {
	asked
	not is_array(input.evidence.suites)
	finding := {"msg": "The test suites of the deployment are not known.", "fix": "Ask again.", "unclear": true}
}

# Of a suite that measured nothing a number asks nothing.
floor_of(s) := least if {
	is_number(least)
	measured(s)
}

floor_of(s) := floors[s.name]

measured(s) if {
	s.tested == true
	is_number(s.coverage.percent)
}

# A suite that ran and measured nothing.
silent(s) if {
	s.tested == true
	object.get(s, "coverage", null) == null
}

# A suite without a change since the last deployment on evidence.
left_out(s) if {
	s.tested == false
	s.code == "not-applicable"
}

# As long as a suite has no answer evidence keeps the gate shut, and a refusal here would end what only waits.
settled(s) if s.tested == true

settled(s) if left_out(s)

unmeasured if {
	is_number(least)
	every s in input.evidence.suites {
		settled(s)
		not measured(s)
	}
}

unmeasured if {
	count(floors) > 0
	every name, _ in floors {
		some s in input.evidence.suites
		s.name == name
		left_out(s)
	}
}

unreadable if {
	some s in input.evidence.suites
	not readable(s)
}

readable(s) if {
	is_string(s.name)
	s.tested == false
}

readable(s) if {
	is_string(s.name)
	silent(s)
}

readable(s) if {
	is_string(s.name)
	s.tested == true
	every n in [s.coverage.covered, s.coverage.total, s.coverage.percent] {
		is_number(n)
		n >= 0
	}
	s.coverage.total > 0
	s.coverage.covered <= s.coverage.total
	s.coverage.percent <= 100
}

wanted := sprintf("%v %%", [least]) if is_number(least)

wanted := concat(", ", [sprintf("%v %% by suite %s", [floor, name]) | some name, floor in floors]) if is_object(least)

source(s) := concat(", ", s.coverage.reports) if count(s.coverage.reports) > 0

source(s) := "the reports" if not count(s.coverage.reports) > 0

run(s) := object.get(s, "run_id", "unknown")

record := "Measure it where the tests run, record it with them (platform evidence record --coverage FILE; Action: coverage), and run the workflow on this commit."
