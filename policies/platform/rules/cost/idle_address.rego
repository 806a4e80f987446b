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

used(r) if {
	some type, attribute in {"aws_eip_association": "allocation_id", "aws_nat_gateway": "allocation_id", "aws_lb": "subnet_mapping"}
	some user in input.resources[type]
	some ref in user.references[attribute]
	startswith(concat("", [ref, "."]), concat("", ["aws_eip.", r.name, "."]))
}

# A plan without configuration cannot say what an association refers to.
used(_) if {
	some type in ["aws_eip_association", "aws_nat_gateway", "aws_lb"]
	some user in input.resources[type]
	user.configured == null
}
