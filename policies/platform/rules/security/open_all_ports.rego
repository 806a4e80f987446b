# METADATA
# title: All ports are open to the internet
# description: |
#   A rule that lets the internet reach 1,000 ports or more protects nothing.
# related_resources:
#   - https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
#   - https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/network_security_rule
#   - https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_firewall
# custom:
#   id: SEC-004
#   severity: block
#   reads:
#     aws_security_group: [ingress]
#     aws_default_security_group: [ingress]
#     aws_security_group_rule: [type, from_port, to_port, protocol, cidr_blocks, ipv6_cidr_blocks]
#     aws_vpc_security_group_ingress_rule: [from_port, to_port, ip_protocol, cidr_ipv4, cidr_ipv6]
#     azurerm_network_security_rule: [access, direction, protocol, destination_port_range, destination_port_ranges, source_address_prefix, source_address_prefixes]
#     azurerm_network_security_group: [security_rule]
#     google_compute_firewall: [direction, disabled, allow, source_ranges]
package platform.rules.security.open_all_ports

import rego.v2

import data.platform.lib

import data.platform.network

# METADATA
# title: A wide opening
deny contains finding if {
	some o in network.opening
	o.to - o.from >= 1000
	finding := {
		"address": o.address,
		"msg": sprintf("%s opens ports %s to %s.", [o.address, network.range_text(o), o.source]),
		"fix": "Open the ports that are served, and no others.",
	}
}

# METADATA
# title: An opening cannot be read
deny contains lib.unclear_finding(u, u.attribute) if some u in network.unclear
