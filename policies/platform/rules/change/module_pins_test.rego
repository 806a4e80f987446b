package platform.rules.change.module_pins_test

import rego.v2

import data.platform.rules.change.module_pins as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"registry": testing.with_plan({"modules": [{"address": "module.a", "source": "terraform-aws-modules/vpc/aws", "version": ""}]}),
		"range": testing.with_plan({"modules": [{"address": "module.a", "source": "terraform-aws-modules/vpc/aws", "version": "~> 5.0"}]}),
		"branch": testing.with_plan({"modules": [{"address": "module.a", "source": "git::https://example.com/vpc.git?ref=main", "version": ""}]}),
		"no reference": testing.with_plan({"modules": [{"address": "module.a", "source": "github.com/acme/vpc", "version": ""}]}),
		"archive": testing.with_plan({"modules": [{"address": "module.a", "source": "https://example.com/vpc.zip", "version": ""}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"exact": testing.with_plan({"modules": [{"address": "module.a", "source": "terraform-aws-modules/vpc/aws", "version": "5.1.2"}]}),
		"local": testing.with_plan({"modules": [{"address": "module.a", "source": "./modules/vpc", "version": ""}]}),
		"parent": testing.with_plan({"modules": [{"address": "module.a", "source": "../vpc", "version": ""}]}),
		"tag": testing.with_plan({"modules": [{"address": "module.a", "source": "git::https://example.com/vpc.git?ref=v1.2.3", "version": ""}]}),
		"commit": testing.with_plan({"modules": [{"address": "module.a", "source": "git::https://example.com/vpc.git?ref=0123456789abcdef0123456789abcdef01234567", "version": ""}]}),
		"archive": testing.with_plan({"modules": [{"address": "module.a", "source": "https://example.com/vpc-1.2.3.zip", "version": ""}]}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"no list": {"plan": {}},
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_plan({"modules": "none"}),
		"source is a number": testing.with_plan({"modules": [{"address": "module.a", "source": 1, "version": ""}]}),
		"version is a number": testing.with_plan({"modules": [{"address": "module.a", "source": "terraform-aws-modules/vpc/aws", "version": 5}]}),
	}
	count(rule.deny) > 0 with input as document
}
