package platform.rules.security.open_all_ports_test

import rego.v2

import data.platform.rules.security.open_all_ports as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"all": testing.one("aws_security_group", {"ingress": [{"protocol": "-1", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "from_port": 0, "to_port": 0}]}),
		"wide": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "from_port": 1024, "to_port": 65535}]}),
		"no ports": testing.one("aws_vpc_security_group_ingress_rule", {"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}),
		"azure": testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "destination_port_range": "*", "source_address_prefix": "*"}),
		"google": testing.one("google_compute_firewall", {"allow": [{"protocol": "all"}], "source_ranges": ["0.0.0.0/0"]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"one port": testing.one("aws_security_group", {"ingress": [{"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "from_port": 443, "to_port": 443}]}),
		"private": testing.one("aws_security_group", {"ingress": [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["10.0.0.0/16"]}]}),
		"disabled": testing.one("google_compute_firewall", {"disabled": true, "allow": [{"protocol": "all"}], "source_ranges": ["0.0.0.0/0"]}),
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
