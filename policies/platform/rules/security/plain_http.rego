# METADATA
# title: Load balancer serves plain HTTP
# description: |
#   A listener that forwards HTTP lets anybody on the way read and change it. Redirecting to HTTPS is fine.
# related_resources:
#   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lb_listener
# custom:
#   id: SEC-014
#   severity: warn
#   reads:
#     aws_lb_listener: [protocol, default_action]
#     aws_alb_listener: [protocol, default_action]
#     azurerm_storage_account: [https_traffic_only_enabled]
package platform.rules.security.plain_http

import rego.v2

import data.platform.lib

listeners := ["aws_lb_listener", "aws_alb_listener"]

# METADATA
# title: The listener forwards HTTP
deny contains finding if {
	some type in listeners
	some r in input.resources[type]
	r.judged
	r.after.protocol == "HTTP"
	not redirects(r)
	finding := lib.finding(r, sprintf("%s serves plain HTTP.", [r.address]), "Redirect to HTTPS.")
}

# METADATA
# title: Storage takes plain HTTP
deny contains finding if {
	some r in input.resources.azurerm_storage_account
	r.judged
	r.after.https_traffic_only_enabled == false
	finding := lib.finding(r, sprintf("%s takes plain HTTP.", [r.address]), "Set https_traffic_only_enabled = true.")
}

# METADATA
# title: The protocol cannot be read
deny contains lib.unclear_finding(r, "protocol") if {
	some type in listeners
	some r in input.resources[type]
	r.judged
	lib.unclear_string(r, "protocol")
}

# METADATA
# title: The switch cannot be read
deny contains lib.unclear_finding(r, "https_traffic_only_enabled") if {
	some r in input.resources.azurerm_storage_account
	r.judged
	lib.unclear_bool(r, "https_traffic_only_enabled")
}

redirects(r) if {
	some action in r.after.default_action
	action.type == "redirect"
	action.redirect[_].protocol == "HTTPS"
}
