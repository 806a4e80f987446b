package platform.rules.security.open_admin_port_test

import rego.v2

import data.platform.rules.security.open_admin_port as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"ssh": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "from_port": 22, "to_port": 22}]}),
		"range": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "from_port": 20, "to_port": 30}]}),
		"ipv6": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "from_port": 5432, "to_port": 5432, "ipv6_cidr_blocks": ["::/0"]}]}),
		"rule": testing.one("aws_security_group_rule", {"type": "ingress", "protocol": "tcp", "from_port": 3389, "to_port": 3389, "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"]}),
		"own rule": testing.one("aws_vpc_security_group_ingress_rule", {"ip_protocol": "tcp", "from_port": 3306, "to_port": 3306, "cidr_ipv4": "0.0.0.0/0"}),
		"azure": testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "destination_port_range": "22", "source_address_prefix": "*"}),
		"azure inline": testing.one("azurerm_network_security_group", {"security_rule": [{"access": "Allow", "direction": "Inbound", "destination_port_ranges": ["3389"], "source_address_prefix": "Internet"}]}),
		"google": testing.one("google_compute_firewall", {"direction": "INGRESS", "allow": [{"protocol": "tcp", "ports": ["20-25"]}], "source_ranges": ["0.0.0.0/0"]}),
		"half": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/1", "128.0.0.0/1"]}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"https": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "from_port": 443, "to_port": 443}]}),
		"private": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8"]}]}),
		"egress": testing.one("aws_security_group_rule", {"type": "egress", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}),
		"no inline rules": testing.many([object.union(testing.created("aws_security_group", {}), {"unknown": {"ingress": true}, "configured": {}})]),
		"denied": testing.one("azurerm_network_security_rule", {"access": "Deny", "direction": "Inbound", "destination_port_range": "22", "source_address_prefix": "*"}),
		"unknown group id": testing.unknown("aws_security_group", {"ingress": [{"security_groups": true}]}),
		"icmp": testing.one("aws_security_group", {"ingress": [{"protocol": "icmp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "from_port": 22, "to_port": 22}]}),
		"private ipv6": testing.one("aws_vpc_security_group_ingress_rule", {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv6": "fd00::/7"}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"inline": testing.unknown("aws_security_group", {"ingress": true}),
		"source": testing.unknown("aws_security_group_rule", {"cidr_blocks": true}),
		"one source": testing.unknown("aws_security_group_rule", {"cidr_blocks": [true]}),
		"own rule": testing.unknown("aws_vpc_security_group_ingress_rule", {"cidr_ipv4": true}),
		"azure": testing.unknown("azurerm_network_security_rule", {"source_address_prefix": true}),
		"google": testing.unknown("google_compute_firewall", {"source_ranges": true}),
		"source within": testing.unknown("aws_security_group", {"ingress": [{"cidr_blocks": true}]}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"inline": testing.one("aws_security_group", {"ingress": "all"}),
		"source": testing.one("aws_security_group_rule", {"cidr_blocks": "0.0.0.0/0", "from_port": 443}),
		"sensitive": testing.one("aws_security_group_rule", {"cidr_blocks": "(sensitive value)"}),
		"prefix": testing.one("aws_vpc_security_group_ingress_rule", {"cidr_ipv4": 4}),
		"azure": testing.one("azurerm_network_security_group", {"security_rule": [1]}),
		"google": testing.one("google_compute_firewall", {"source_ranges": [1]}),
	}
	count(rule.deny) > 0 with input as document
}
