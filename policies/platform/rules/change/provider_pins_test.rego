package platform.rules.change.provider_pins_test

import rego.v2

import data.platform.rules.change.provider_pins as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"none": testing.with_plan({"providers": [{"key": "aws", "source": "registry.terraform.io/hashicorp/aws", "version": "", "alias": "", "module": ""}]}),
		"lower bound": testing.with_plan({"providers": [{"key": "aws", "source": "registry.terraform.io/hashicorp/aws", "version": ">= 5.0", "alias": "", "module": ""}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"pessimistic": testing.with_plan({"providers": [{"key": "aws", "source": "registry.terraform.io/hashicorp/aws", "version": "~> 5.0", "alias": "", "module": ""}]}),
		"exact": testing.with_plan({"providers": [{"key": "aws", "source": "registry.terraform.io/hashicorp/aws", "version": "5.1.0", "alias": "", "module": ""}]}),
		"range": testing.with_plan({"providers": [{"key": "aws", "source": "registry.terraform.io/hashicorp/aws", "version": ">= 5.0, < 6.0", "alias": "", "module": ""}]}),
		"alias": testing.with_plan({"providers": [{"key": "aws", "source": "registry.terraform.io/hashicorp/aws", "version": "", "alias": "west", "module": ""}]}),
		"built in": testing.with_plan({"providers": [{"key": "aws", "source": "terraform.io/builtin/terraform", "version": "", "alias": "", "module": ""}]}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"no list": {"plan": {}},
		"no version": testing.with_plan({"providers": [{"key": "aws", "source": "x", "alias": "", "module": ""}]}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"text": testing.with_plan({"providers": "aws"}),
		"number": testing.with_plan({"providers": [{"key": "aws", "source": "registry.terraform.io/hashicorp/aws", "version": 5, "alias": "", "module": ""}]}),
	}
	count(rule.deny) > 0 with input as document
}
