# METADATA
# title: Resource policy admits everybody
# description: |
#   A statement that allows Principal * without a condition opens the resource to every AWS account and often to the
#   internet.
# related_resources:
#   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
# custom:
#   id: SEC-013
#   severity: warn
#   reads:
#     aws_s3_bucket_policy: [policy]
#     aws_sqs_queue_policy: [policy]
#     aws_sns_topic_policy: [policy]
#     aws_ecr_repository_policy: [policy]
#     aws_kms_key: [policy]
#     aws_secretsmanager_secret_policy: [policy]
#     aws_efs_file_system_policy: [policy]
package platform.rules.security.public_policy

import rego.v2

import data.platform.lib

types := [
	"aws_s3_bucket_policy",
	"aws_sqs_queue_policy",
	"aws_sns_topic_policy",
	"aws_ecr_repository_policy",
	"aws_kms_key",
	"aws_secretsmanager_secret_policy",
	"aws_efs_file_system_policy",
]

# METADATA
# title: A statement for everybody
deny contains finding if {
	some type in types
	some r in input.resources[type]
	r.judged
	some statement in granting[r.after.policy]
	everybody(statement.Principal)
	not conditional(statement)
	finding := lib.finding(r, sprintf("%s allows everybody.", [r.address]), "Name the principals, or add a condition such as aws:PrincipalOrgID.")
}

# METADATA
# title: The policy cannot be read
deny contains lib.unclear_finding(r, "policy") if {
	some type in types
	some r in input.resources[type]
	r.judged
	not readable[r.after.policy]
	lib.unclear_json(r, "policy")
}

# A condition that is no object restricts nothing.
conditional(statement) if {
	is_object(statement.Condition)
	count(statement.Condition) > 0
}

everybody("*")

everybody(principal) if {
	is_object(principal)
	some who in lib.as_list(object.get(principal, "AWS", null))
	who == "*"
}

# Many policies share few texts: each is read once. Complete documents, because a partial rule is evaluated again for
# every key that it does not have.
readable := {text |
	some text in {r.after.policy |
		some type in types
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
