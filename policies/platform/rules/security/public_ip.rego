# METADATA
# title: Machine gets a public IP address
# description: |
#   Machines behind a load balancer or NAT gateway need no address of their own, and one without it cannot be scanned.
# related_resources:
#   - https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html
# custom:
#   id: SEC-012
#   severity: warn
#   reads:
#     aws_instance: [associate_public_ip_address]
#     aws_launch_configuration: [associate_public_ip_address]
#     aws_subnet: [map_public_ip_on_launch]
#     google_compute_instance: [network_interface]
package platform.rules.security.public_ip

import rego.v2

import data.platform.lib

# Resource type → the switch, the value that it needs, and the provider's default.
switches := {
	"aws_instance": {"attribute": "associate_public_ip_address", "want": false, "default": false},
	"aws_launch_configuration": {"attribute": "associate_public_ip_address", "want": false, "default": false},
	"aws_subnet": {"attribute": "map_public_ip_on_launch", "want": false, "default": false},
}

# METADATA
# title: The switch has the wrong value
deny contains finding if {
	some type, switch in switches
	some r in input.resources[type]
	r.judged
	object.get(r.after, switch.attribute, null) != switch.want
	not lib.unclear_bool(r, switch.attribute)
	lib.setting(r, switch.attribute, switch.default) != switch.want
	finding := lib.finding(r, sprintf("%s gives machines a public IP address.", [r.address]), sprintf("Set %s = %v.", [switch.attribute, switch.want]))
}

# METADATA
# title: The switch cannot be read
deny contains lib.unclear_finding(r, switch.attribute) if {
	some type, switch in switches
	some r in input.resources[type]
	r.judged
	object.get(r.after, switch.attribute, null) != switch.want
	lib.unclear_bool(r, switch.attribute)
}

# METADATA
# title: A Google machine with an external address
deny contains finding if {
	some r in input.resources.google_compute_instance
	r.judged
	some interface in r.after.network_interface
	some _ in interface.access_config
	finding := lib.finding(r, sprintf("%s has an external address.", [r.address]), "Remove access_config and use Cloud NAT.")
}

# METADATA
# title: The network interfaces cannot be read
deny contains lib.unclear_finding(r, "network_interface") if {
	some r in input.resources.google_compute_instance
	r.judged
	unreadable(r)
}

unreadable(r) if {
	r.after.network_interface != null
	not is_array(r.after.network_interface)
}

unreadable(r) if {
	some interface in r.after.network_interface
	interface.access_config != null
	not is_array(interface.access_config)
}

unreadable(r) if r.unknown.network_interface == true

unreadable(r) if r.unknown.network_interface[_].access_config == true
