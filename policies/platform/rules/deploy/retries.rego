# METADATA
# title: Too many flaky tests
# description: |
#   No required suite of what goes to production (production_names) has more than deploy_max_retried retried cases. The
#   gate itself allows 5; a team that mends its flaky tests asks for fewer.
# related_resources:
#   - https://docs.github.com/en/actions/managing-workflow-runs/re-running-workflows-and-jobs
# custom:
#   id: DEPLOY-004
#   severity: block
#   reads: {}
package platform.rules.deploy.retries

import rego.v2

import data.platform.params

most := params.value.deploy_max_retried

asked if lower(input.deployment.environment) in params.production_names

looked contains s.name if {
	asked
	some s in input.evidence.suites
}

# METADATA
# title: A suite has more retried cases
deny contains finding if {
	asked
	some s in input.evidence.suites
	s.tested == true
	is_number(s.retried)
	s.retried > most
	finding := {"msg": sprintf("Suite %s has %v retried cases; at most %v are allowed.", [s.name, s.retried, most]), "fix": "Mend the flaky tests, and push."}
}

# METADATA
# title: The retried cases of a suite are not known
deny contains finding if {
	asked
	some s in input.evidence.suites
	object.get(s, "tested", null) != false
	not is_number(s.retried)
	finding := {"msg": "The retried cases of a suite are not known.", "fix": "Ask again.", "unclear": true}
}

# METADATA
# title: The suites are not known
deny contains finding if {
	asked
	not is_array(input.evidence.suites)
	finding := {"msg": "The test suites of the deployment are not known.", "fix": "Ask again.", "unclear": true}
}
