# METADATA
# title: Permission for everything
# description: |
#   A policy that allows every action on every resource, or a primitive role such as owner, makes one leaked credential a
#   lost account.
# related_resources:
#   - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   id: SEC-006
#   severity: warn
#   reads:
#     aws_iam_policy: [policy]
#     aws_iam_role_policy: [policy]
#     aws_iam_user_policy: [policy]
#     aws_iam_group_policy: [policy]
#     aws_iam_role_policy_attachment: [policy_arn]
#     aws_iam_user_policy_attachment: [policy_arn]
#     aws_iam_group_policy_attachment: [policy_arn]
#     azurerm_role_definition: [permissions]
#     google_project_iam_member: [role]
#     google_project_iam_binding: [role]
package platform.rules.security.iam_wildcard

import rego.v2

import data.platform.lib

documents := ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"]

attachments := ["aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment"]

roles := ["google_project_iam_member", "google_project_iam_binding"]

fix := "Name the actions and resources that are needed."

# METADATA
# title: A statement allows every action on every resource
deny contains finding if {
	some type in documents
	some r in input.resources[type]
	r.judged
	some statement in granting[r.after.policy]
	some action in lib.as_list(object.get(statement, "Action", null))
	action in {"*", "*:*"}
	some resource in lib.as_list(object.get(statement, "Resource", null))
	resource == "*"
	finding := lib.finding(r, sprintf("%s allows every action on every resource.", [r.address]), fix)
}

# METADATA
# title: The administrator policy is attached
deny contains finding if {
	some type in attachments
	some r in input.resources[type]
	r.judged
	is_string(r.after.policy_arn)
	endswith(r.after.policy_arn, ":policy/AdministratorAccess")
	finding := lib.finding(r, sprintf("%s attaches AdministratorAccess.", [r.address]), fix)
}

# METADATA
# title: An Azure role allows every action
deny contains finding if {
	some r in input.resources.azurerm_role_definition
	r.judged
	r.after.permissions[_].actions[_] == "*"
	finding := lib.finding(r, sprintf("%s allows every action.", [r.address]), fix)
}

# METADATA
# title: A primitive Google role
deny contains finding if {
	some type in roles
	some r in input.resources[type]
	r.judged
	r.after.role in {"roles/owner", "roles/editor"}
	finding := lib.finding(r, sprintf("%s grants %s.", [r.address, r.after.role]), fix)
}

# METADATA
# title: The policy cannot be read
deny contains lib.unclear_finding(r, "policy") if {
	some type in documents
	some r in input.resources[type]
	r.judged
	not readable[r.after.policy]
	lib.unclear_json(r, "policy")
	not names_resources(r)
}

# METADATA
# title: The role cannot be read
deny contains lib.unclear_finding(r, "role") if {
	some type in roles
	some r in input.resources[type]
	r.judged
	lib.unclear_string(r, "role")
}

# METADATA
# title: The permissions cannot be read
deny contains lib.unclear_finding(r, "permissions") if {
	some r in input.resources.azurerm_role_definition
	r.judged
	lib.unclear_blocks(r, "permissions")
}

# Many policies share few texts: each is read once. Complete documents, because a partial rule is evaluated again for
# every key that it does not have.
readable := {text |
	some text in {r.after.policy |
		some type in documents
		some r in input.resources[type]
	}
	lib.readable_json(text)
}

# The statements of a text that allow something.
granting := {text: allowing |
	some text in readable
	allowing := [s | some s in statements(json.unmarshal(text)); s.Effect == "Allow"]
}

statements(document) := document.Statement if {
	is_array(document.Statement)
} else := [document.Statement]

# A policy that is known only after apply because it names the ARNs of what this plan creates has resources, and no
# wildcard for them. A data source's document does not show its statements.
names_resources(r) if {
	not r.after.policy
	some ref in r.references.policy
	endswith(ref, ".arn")
}
