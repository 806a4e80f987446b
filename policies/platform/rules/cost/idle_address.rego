# METADATA
# title: Elastic IP without an owner
# description: |
#   Every public IPv4 address costs about $3.6 a month, an idle one buys nothing. Told when neither the address nor any
#   association, NAT gateway, load balancer or network interface of the plan refers to it.
# related_resources:
#   - https://aws.amazon.com/vpc/pricing/
#   - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eip
# custom:
#   id: COST-006
#   severity: warn
#   reads:
#     aws_eip: [instance, network_interface, associate_with_private_ip]
#     aws_eip_association: [allocation_id]
#     aws_nat_gateway: [allocation_id]
#     aws_lb: [subnet_mapping]
package platform.rules.cost.idle_address

import rego.v2

import data.platform.lib

# METADATA
# title: Nothing refers to the address
deny contains finding if {
	some r in input.resources.aws_eip
	r.judged
	not attached(r)
	not used(r)
	finding := lib.finding(r, sprintf("%s is attached to nothing.", [r.address]), "Attach the address or remove it.")
}

attached(r) if {
	some attribute in ["instance", "network_interface", "associate_with_private_ip"]
	v := r.after[attribute]
	v != null
	v != ""
}

# Known only after apply means that something is attached.
attached(r) if {
	some attribute in ["instance", "network_interface"]
	lib.unclear(r, attribute)
}

used(r) if r.name in referred

# A plan without configuration cannot say what an association refers to.
used(_) if unsaid

users := {"aws_eip_association": "allocation_id", "aws_nat_gateway": "allocation_id", "aws_lb": "subnet_mapping"}

# The names of addresses that something refers to, in any module: an address of the same name elsewhere is let off.
referred := {parts[1] |
	some type, attribute in users
	some user in input.resources[type]
	some ref in user.references[attribute]
	parts := split(ref, ".")
	parts[0] == "aws_eip"
}

unsaid if {
	some type, _ in users
	some user in input.resources[type]
	user.configured == null
}
