# METADATA
# title: What security groups and firewalls open to the internet
# description: |
#   `opening` is every port range that anybody may reach; `unclear` every rule that cannot be read. A port that is not
#   given means all ports.
package platform.network

import rego.v2

import data.platform.lib

all_ports := {"from": 0, "to": 65535}

# METADATA
# title: Inline rules of a security group
opening contains o if {
	some type in ["aws_security_group", "aws_default_security_group"]
	some r in input.resources[type]
	r.judged
	some rule in r.after.ingress
	some attribute in ["cidr_blocks", "ipv6_cidr_blocks"]
	some source in rule[attribute]
	worldwide[source]
	o := open(r, aws_ports(rule, object.get(rule, "protocol", null)), source)
}

# METADATA
# title: A rule of its own
opening contains o if {
	some r in input.resources.aws_security_group_rule
	r.judged
	not r.after.type == "egress"
	some attribute in ["cidr_blocks", "ipv6_cidr_blocks"]
	some source in r.after[attribute]
	worldwide[source]
	o := open(r, aws_ports(r.after, object.get(r.after, "protocol", null)), source)
}

# METADATA
# title: An ingress rule of its own
opening contains o if {
	some r in input.resources.aws_vpc_security_group_ingress_rule
	r.judged
	some attribute in ["cidr_ipv4", "cidr_ipv6"]
	source := r.after[attribute]
	lib.world(source)
	o := open(r, aws_ports(r.after, object.get(r.after, "ip_protocol", null)), source)
}

# Many rules share few sources: each is judged once.
worldwide := {source | some source in cidrs; lib.world(source)}

cidrs contains source if {
	some type in ["aws_security_group", "aws_default_security_group"]
	some rule in input.resources[type][_].after.ingress
	some attribute in ["cidr_blocks", "ipv6_cidr_blocks"]
	some source in rule[attribute]
}

cidrs contains source if {
	some r in input.resources.aws_security_group_rule
	some attribute in ["cidr_blocks", "ipv6_cidr_blocks"]
	some source in r.after[attribute]
}

# METADATA
# title: Azure rules, inline and of their own
opening contains o if {
	some pair in azure_rules
	rule := pair.rule
	is_object(rule)
	not rule.access in {"Deny", "deny"}
	not rule.direction in {"Outbound", "outbound"}
	some source in array.concat(lib.as_list(object.get(rule, "source_address_prefix", null)), lib.as_list(object.get(rule, "source_address_prefixes", null)))
	lib.world(source)
	some text in array.concat(lib.as_list(object.get(rule, "destination_port_range", null)), lib.as_list(object.get(rule, "destination_port_ranges", null)))
	some ports in port_range(text)
	o := open(pair.resource, ports, source)
}

azure_rules contains {"resource": {"address": r.address}, "rule": r.after} if {
	some r in input.resources.azurerm_network_security_rule
	r.judged
}

azure_rules contains {"resource": {"address": r.address}, "rule": rule} if {
	some r in input.resources.azurerm_network_security_group
	r.judged
	some rule in r.after.security_rule
}

# METADATA
# title: Google firewalls
opening contains o if {
	some r in input.resources.google_compute_firewall
	r.judged
	not r.after.disabled == true
	not r.after.direction == "EGRESS"
	some source in lib.as_list(object.get(r.after, "source_ranges", null))
	lib.world(source)
	some rule in r.after.allow
	some text in google_ports(rule)
	some ports in port_range(text)
	o := open(r, ports, source)
}

google_ports(rule) := rule.ports if {
	count(rule.ports) > 0
} else := ["*"]

open(r, ports, source) := {"address": r.address, "from": ports.from, "to": ports.to, "source": source}

# ICMP numbers are types and no ports.
aws_ports(rule, protocol) := ports if {
	not protocol in {"-1", "all", "icmp", "icmpv6", "1", "58"}
	is_number(rule.from_port)
	is_number(rule.to_port)
	ports := {"from": rule.from_port, "to": rule.to_port}
} else := {"from": -1, "to": -1} if {
	protocol in {"icmp", "icmpv6", "1", "58"}
} else := all_ports

# METADATA
# title: A text such as 22, 20-30 or *
port_range(text) := [{"from": to_number(text), "to": to_number(text)}] if {
	is_string(text)
	regex.match(`^[0-9]{1,5}$`, text)
} else := [{"from": to_number(parts[0]), "to": to_number(parts[1])}] if {
	is_string(text)
	regex.match(`^[0-9]{1,5}-[0-9]{1,5}$`, text)
	parts := split(text, "-")
} else := [all_ports]

# METADATA
# title: The ports of an opening as people write them
range_text(o) := sprintf("%d", [o.from]) if {
	o.from == o.to
} else := sprintf("%d–%d", [o.from, o.to])

# Resource type → attribute that says who may come in → the types of its value and of its elements.
decisive := {
	"aws_security_group": {"ingress": ["array", "object"]},
	"aws_default_security_group": {"ingress": ["array", "object"]},
	"aws_security_group_rule": {"cidr_blocks": ["array", "string"], "ipv6_cidr_blocks": ["array", "string"]},
	"aws_vpc_security_group_ingress_rule": {"cidr_ipv4": ["string", ""], "cidr_ipv6": ["string", ""]},
	"azurerm_network_security_rule": {"source_address_prefix": ["string", ""], "source_address_prefixes": ["array", "string"]},
	"azurerm_network_security_group": {"security_rule": ["array", "object"]},
	"google_compute_firewall": {"source_ranges": ["array", "string"]},
}

sources := {"cidr_blocks", "ipv6_cidr_blocks", "source_address_prefix", "source_address_prefixes"}

# METADATA
# title: The source of a rule is hidden
# description: Ids of security groups and prefix lists are no addresses, so that they may be unknown.
unclear contains {"address": r.address, "attribute": attribute} if {
	some type, attributes in decisive
	some r in input.resources[type]
	r.judged
	some attribute, shape in attributes
	unreadable(r, attribute, shape)
	not r.after.type == "egress"
}

unreadable(r, attribute, shape) if {
	not type_name(r.after[attribute]) == shape[0]
	r.after[attribute] != null
}

unreadable(r, attribute, shape) if {
	some element in r.after[attribute]
	type_name(element) != shape[1]
}

unreadable(r, attribute, _) if r.after[attribute] == lib.sensitive

unreadable(r, attribute, _) if {
	part := r.unknown[attribute]
	concealed(r, attribute, part)
}

concealed(r, attribute, true) if lib.configured(r, attribute)

concealed(_, attribute, part) if {
	attribute in {"ingress", "security_rule"}
	walk(part, [path, true])
	some name in path
	name in sources
}

concealed(_, attribute, part) if {
	not attribute in {"ingress", "security_rule"}
	some _, true in part
}
