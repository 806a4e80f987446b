# METADATA
# title: A pull request names no ticket
# description: |
#   The title of every pull request that goes to production (production_names) with a deployment matches deploy_ticket, a
#   regular expression such as [A-Z]+-[0-9]+, so that each change can be traced to who asked for it.
# related_resources:
#   - https://www.openpolicyagent.org/docs/policy-reference/builtins/regex
# custom:
#   id: DEPLOY-002
#   severity: block
#   reads: {}
package platform.rules.deploy.ticket

import rego.v2

import data.platform.params

pattern := params.value.deploy_ticket

asked if {
	pattern != ""
	lower(input.deployment.environment) in params.production_names
}

looked contains p.number if {
	asked
	some p in input.deployment.pull_requests
}

# METADATA
# title: A title does not match
deny contains finding if {
	asked
	some p in input.deployment.pull_requests
	is_string(p.title)
	object.get(p, "number", 0) != 0
	not regex.match(pattern, p.title)
	finding := {"msg": sprintf("The title of pull request %v names no ticket (%s).", [p.number, pattern]), "fix": "Put the ticket into the title of the pull request, and ask again."}
}

# METADATA
# title: A commit has no pull request
deny contains finding if {
	asked
	some p in input.deployment.pull_requests
	object.get(p, "number", 0) == 0
	finding := {"msg": sprintf("Commit %v came without a pull request, so that it names no ticket (%s).", [object.get(p, "commit", ""), pattern]), "fix": "Bring the change in a pull request whose title names the ticket."}
}

# METADATA
# title: A title is not known
deny contains finding if {
	asked
	some p in input.deployment.pull_requests
	not is_string(p.title)
	finding := {"msg": "The title of a pull request is not known.", "fix": "Ask again.", "unclear": true}
}

# METADATA
# title: The pull requests are not known
deny contains finding if {
	asked
	not is_array(input.deployment.pull_requests)
	finding := {"msg": sprintf("The pull requests of the deployment are not known: %v.", [object.get(input.deployment, "pull_requests_missing", "nobody said why")]), "fix": "Ask again.", "unclear": true}
}
