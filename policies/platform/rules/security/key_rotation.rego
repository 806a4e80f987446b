# METADATA
# title: KMS key is not rotated
# description: |
#   A key that rotates every year limits what one leaked key opens. Asymmetric and imported keys cannot rotate.
# related_resources:
#   - https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
# custom:
#   id: SEC-007
#   severity: warn
#   reads:
#     aws_kms_key: [enable_key_rotation, customer_master_key_spec, key_usage]
package platform.rules.security.key_rotation

import rego.v2

import data.platform.lib

# Resource type → the switch, the value that it needs, and the provider's default.
switches := {
	"aws_kms_key": {"attribute": "enable_key_rotation", "want": true, "default": false},
}

# METADATA
# title: The switch has the wrong value
deny contains finding if {
	some type, switch in switches
	some r in input.resources[type]
	r.judged
	object.get(r.after, switch.attribute, null) != switch.want
	not lib.unclear_bool(r, switch.attribute)
	symmetric(r)
	lib.setting(r, switch.attribute, switch.default) != switch.want
	finding := lib.finding(r, sprintf("%s does not rotate.", [r.address]), sprintf("Set %s = %v.", [switch.attribute, switch.want]))
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

symmetric(r) if {
	object.get(r.after, "customer_master_key_spec", null) in {null, "SYMMETRIC_DEFAULT"}
	object.get(r.after, "key_usage", null) in {null, "ENCRYPT_DECRYPT"}
}
