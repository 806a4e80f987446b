# METADATA
# title: More new NAT gateways than expected
# description: |
#   A NAT gateway costs about $32 a month before the first byte, and traffic between zones on top. A gateway for every
#   zone and environment adds up unseen. More than max_nat_gateways (default 1) new ones in a change are told.
# related_resources:
#   - https://aws.amazon.com/vpc/pricing/
# custom:
#   id: COST-004
#   severity: warn
#   reads:
#     aws_nat_gateway: [connectivity_type]
#     google_compute_router_nat: [name]
#     azurerm_nat_gateway: [sku_name]
package platform.rules.cost.nat_gateway

import rego.v2

created contains r if {
	some type in ["aws_nat_gateway", "google_compute_router_nat", "azurerm_nat_gateway"]
	some r in input.resources[type]
	r.judged
	grows(r)
}

# METADATA
# title: Too many
deny contains finding if {
	limit := data.platform.params.value.max_nat_gateways
	count(created) > limit
	first := sort([r.address | some r in created])[0]
	finding := {
		"address": first,
		"msg": sprintf("This change creates %d NAT gateways; %v are expected.", [count(created), limit]),
		"fix": "Share one gateway, use VPC endpoints, or raise the parameter max_nat_gateways.",
	}
}

grows(r) if {
	r.actions.creates
	not r.actions.replaces
}

# An action that is not known may well create one.
grows(r) if r.actions.unknown
