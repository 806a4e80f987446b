package platform.rules.security.iam_wildcard_test

import rego.v2

import data.platform.rules.security.iam_wildcard as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"statement": testing.one("aws_iam_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"}),
		"single": testing.one("aws_iam_role_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": [\"s3:Get*\", \"*\"], \"Resource\": [\"*\"]}}"}),
		"administrator": testing.one("aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
		"azure": testing.one("azurerm_role_definition", {"permissions": [{"actions": ["*"]}]}),
		"google": testing.one("google_project_iam_member", {"role": "roles/owner"}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"narrow": testing.one("aws_iam_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::a/*\"}]}"}),
		"deny": testing.one("aws_iam_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}]}"}),
		"google": testing.one("google_project_iam_member", {"role": "roles/viewer"}),
		"azure": testing.one("azurerm_role_definition", {"permissions": [{"actions": ["Microsoft.Compute/*/read"]}]}),
		"names what the plan makes": testing.many([object.union(testing.created("aws_iam_policy", {}), {"unknown": {"policy": true}, "references": {"policy": ["aws_s3_bucket.a.arn"]}})]),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"policy": testing.unknown("aws_iam_policy", {"policy": true}),
		"role": testing.unknown("google_project_iam_member", {"role": true}),
		"permissions": testing.unknown("azurerm_role_definition", {"permissions": true}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"no JSON": testing.one("aws_iam_policy", {"policy": "{"}),
		"object": testing.one("aws_iam_policy", {"policy": {"Statement": []}}),
		"role": testing.one("google_project_iam_member", {"role": 1}),
		"permissions": testing.one("azurerm_role_definition", {"permissions": "*"}),
	}
	count(rule.deny) > 0 with input as document
}
