# METADATA
# title: Azure storage allows public blobs
# description: |
#   With the switch on, one container setting makes blobs readable by everybody.
# related_resources:
#   - https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent
# custom:
#   id: SEC-009
#   severity: warn
#   reads:
#     azurerm_storage_account: [allow_nested_items_to_be_public]
#     azurerm_storage_container: [container_access_type]
package platform.rules.security.azure_public_storage

import rego.v2

import data.platform.lib

# Resource type → the switch, the value that it needs, and the provider's default.
switches := {
	"azurerm_storage_account": {"attribute": "allow_nested_items_to_be_public", "want": false, "default": true},
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
	finding := lib.finding(r, sprintf("%s allows public blobs.", [r.address]), sprintf("Set %s = %v.", [switch.attribute, switch.want]))
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
# title: A container is public
deny contains finding if {
	some r in input.resources.azurerm_storage_container
	r.judged
	r.after.container_access_type in {"blob", "container"}
	finding := lib.finding(r, sprintf("%s can be read by everybody.", [r.address]), "Set container_access_type = \"private\".")
}

# METADATA
# title: The access of a container cannot be read
deny contains lib.unclear_finding(r, "container_access_type") if {
	some r in input.resources.azurerm_storage_container
	r.judged
	lib.unclear_string(r, "container_access_type")
}
