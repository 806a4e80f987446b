# METADATA
# title: Google Cloud bucket is open to everybody
# description: |
#   Membership of allUsers or allAuthenticatedUsers opens a bucket to the internet, signed in or not.
# related_resources:
#   - https://cloud.google.com/storage/docs/public-access-prevention
# custom:
#   id: SEC-010
#   severity: warn
#   reads:
#     google_storage_bucket_iam_member: [member]
#     google_storage_bucket_iam_binding: [members]
#     google_storage_bucket_acl: [predefined_acl]
#     google_storage_default_object_acl: [role_entity]
package platform.rules.security.gcs_public

import rego.v2

import data.platform.lib

attributes := {
	"google_storage_bucket_iam_member": "member",
	"google_storage_bucket_iam_binding": "members",
	"google_storage_bucket_acl": "predefined_acl",
	"google_storage_default_object_acl": "role_entity",
}

# METADATA
# title: Everybody is a member
deny contains finding if {
	some type, attribute in attributes
	some r in input.resources[type]
	r.judged
	some who in lib.as_list(object.get(r.after, attribute, null))
	everybody(who)
	finding := lib.finding(r, sprintf("%s grants access to %s.", [r.address, who]), "Grant access to the accounts that need it.")
}

# METADATA
# title: The members cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type, attribute in attributes
	some r in input.resources[type]
	r.judged
	unreadable(r, attribute)
}

everybody(who) if who in {"allUsers", "allAuthenticatedUsers", "publicRead", "publicReadWrite", "authenticatedRead"}

everybody(who) if {
	is_string(who)
	regex.match(`^[A-Z]+:(allUsers|allAuthenticatedUsers)$`, who)
}

unreadable(r, attribute) if r.after[attribute] == lib.sensitive

unreadable(r, attribute) if {
	some v in lib.as_list(object.get(r.after, attribute, null))
	not is_string(v)
}

# A member that is known only after apply is a service account of this plan: allUsers is never unknown. A whole list
# may still hold it.
unreadable(r, attribute) if {
	attribute != "member"
	r.unknown[attribute] == true
	lib.configured(r, attribute)
}
