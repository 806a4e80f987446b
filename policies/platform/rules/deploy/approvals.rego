# METADATA
# title: Too few reviews of what is deployed
# description: |
#   Every pull request that goes to production (production_names) with a deployment has at least deploy_min_approvals
#   approvals of its final head by others than its author. Branch protection can be changed; this is asked at the door.
# related_resources:
#   - https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests
# custom:
#   id: DEPLOY-001
#   severity: block
#   reads: {}
package platform.rules.deploy.approvals

import rego.v2

import data.platform.params

least := params.value.deploy_min_approvals

asked if {
	least > 0
	lower(input.deployment.environment) in params.production_names
}

looked contains p.number if {
	asked
	some p in input.deployment.pull_requests
}

# METADATA
# title: A pull request has too few approvals
deny contains finding if {
	asked
	some p in input.deployment.pull_requests
	p.approvals < least
	is_number(p.approvals)
	object.get(p, "number", 0) != 0
	finding := {"msg": sprintf("Pull request %v has %v of %v approvals.", [p.number, p.approvals, least]), "fix": "Deploy what was reviewed: have its change reviewed in a pull request of its own."}
}

# METADATA
# title: A commit has no pull request
deny contains finding if {
	asked
	some p in input.deployment.pull_requests
	object.get(p, "number", 0) == 0
	finding := {"msg": sprintf("Commit %v came without a pull request, so that nobody approved it.", [object.get(p, "commit", "")]), "fix": "Deploy what was reviewed: have its change reviewed in a pull request of its own."}
}

# METADATA
# title: The approvals of a pull request are not known
deny contains finding if {
	asked
	some p in input.deployment.pull_requests
	not is_number(p.approvals)
	finding := {"msg": "The approvals of a pull request are not known.", "fix": "Ask again.", "unclear": true}
}

# METADATA
# title: The pull requests are not known
deny contains finding if {
	asked
	not is_array(input.deployment.pull_requests)
	finding := {"msg": sprintf("The pull requests of the deployment are not known: %v.", [object.get(input.deployment, "pull_requests_missing", "nobody said why")]), "fix": "Ask again.", "unclear": true}
}
