# METADATA
# title: A deployment outside of its window
# description: |
#   An environment of deploy_windows is deployed on its days between from and until only, in its zone; a rollback at any
#   time. Times without people are told by a freeze of the configuration; this is for hours that come every week.
# related_resources:
#   - https://www.openpolicyagent.org/docs/policy-reference/builtins/time
# custom:
#   id: DEPLOY-003
#   severity: block
#   reads: {}
package platform.rules.deploy.window

import rego.v2

import data.platform.params

windows contains window if {
	some name, window in params.value.deploy_windows
	lower(name) == lower(input.deployment.environment)
}

looked contains window if some window in windows

# METADATA
# title: It is another day or hour
deny contains finding if {
	some window in windows
	input.deployment.rollback != true
	read
	not within(window)
	finding := {"msg": sprintf("It is %s; %s is deployed %s from %s to %s (%s).", [input.deployment.at, input.deployment.environment, concat(", ", window.days), window.from, window.until, window.zone]), "fix": "Deploy within the window, or roll back."}
}

# METADATA
# title: Day or hour cannot be told
deny contains finding if {
	count(windows) > 0
	object.get(input.deployment, "rollback", null) != true
	not read
	finding := {"msg": "Whether it is time for this deployment cannot be told.", "fix": "Ask again.", "unclear": true}
}

read if {
	is_boolean(input.deployment.rollback)
	is_string(input.deployment.at)
	regex.match(`^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$`, input.deployment.at)
}

within(window) if {
	now := time.parse_rfc3339_ns(input.deployment.at)
	some day in window.days
	lower(day) == lower(time.weekday([now, window.zone]))
	[hour, minute, _] := time.clock([now, window.zone])
	clock := sprintf("%02d:%02d", [hour, minute])
	window.from <= clock
	clock < window.until
}
