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
	lib.readable_json(r.after.policy)
	some statement in statements(json.unmarshal(r.after.policy))
	statement.Effect == "Allow"
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

statements(document) := document.Statement if {
	is_array(document.Statement)
} else := [document.Statement]
