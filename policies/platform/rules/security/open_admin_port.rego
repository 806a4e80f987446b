# METADATA
# title: Admin or database port is open to the internet
# description: |
#   SSH, RDP, database and cluster ports that anybody can reach are tried within minutes. Ranges of 1,000 ports and more
#   are the business of SEC-004.
# related_resources:
#   - https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
#   - https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/network_security_rule
#   - https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_firewall
# custom:
#   id: SEC-003
#   severity: block
#   reads:
#     aws_security_group: [ingress]
#     aws_default_security_group: [ingress]
#     aws_security_group_rule: [type, from_port, to_port, protocol, cidr_blocks, ipv6_cidr_blocks]
#     aws_vpc_security_group_ingress_rule: [from_port, to_port, ip_protocol, cidr_ipv4, cidr_ipv6]
#     azurerm_network_security_rule: [access, direction, protocol, destination_port_range, destination_port_ranges, source_address_prefix, source_address_prefixes]
#     azurerm_network_security_group: [security_rule]
#     google_compute_firewall: [direction, disabled, allow, source_ranges]
package platform.rules.security.open_admin_port

import rego.v2

import data.platform.lib

import data.platform.network

ports := {
	22: "SSH", 23: "Telnet", 135: "RPC", 445: "SMB", 1433: "SQL Server", 1521: "Oracle", 2375: "Docker", 2376: "Docker",
	2379: "etcd", 3306: "MySQL", 3389: "RDP", 5432: "PostgreSQL", 5601: "Kibana", 5900: "VNC", 5985: "WinRM", 5986: "WinRM",
	6379: "Redis", 6443: "Kubernetes", 9200: "Elasticsearch", 10250: "kubelet", 11211: "Memcached", 27017: "MongoDB",
}

# METADATA
# title: A port of the list is within an opening
deny contains finding if {
	some o in network.opening
	names := exposed[[o.from, o.to]]
	finding := {
		"address": o.address,
		"msg": sprintf("%s opens %s (port %s) to %s.", [o.address, concat(", ", names), network.range_text(o), o.source]),
		"fix": "Allow the addresses that need it, or use a bastion, SSM or IAP.",
	}
}

# METADATA
# title: An opening cannot be read
deny contains lib.unclear_finding(u, u.attribute) if some u in network.unclear

# Many openings share few ranges: each is judged once. A complete document, because a partial rule is evaluated again
# for every key that it does not have.
exposed := {range: names |
	some range in {[o.from, o.to] | some o in network.opening}
	range[1] - range[0] < 1000
	names := {name | some port, name in ports; range[0] <= port; port <= range[1]}
	count(names) > 0
}
