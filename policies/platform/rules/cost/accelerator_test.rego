package platform.rules.cost.accelerator_test

import rego.v2

import data.platform.rules.cost.accelerator as rule
import data.platform.testing

test_violates[note] if {
	some note, document in {
		"p4d": testing.one("aws_instance", {"instance_type": "p4d.24xlarge"}),
		"inf2": testing.one("aws_launch_template", {"instance_type": "inf2.xlarge"}),
		"node group": testing.one("aws_eks_node_group", {"instance_types": ["g5.xlarge"]}),
		"sagemaker": testing.one("aws_sagemaker_endpoint_configuration", {"production_variants": [{"instance_type": "ml.g5.xlarge"}]}),
		"bedrock": testing.one("aws_bedrock_provisioned_model_throughput", {"model_units": 1}),
		"azure": testing.one("azurerm_linux_virtual_machine", {"size": "Standard_NC6s_v3"}),
		"google": testing.one("google_compute_instance", {"machine_type": "a2-highgpu-1g"}),
		"attached": testing.one("google_compute_instance", {"machine_type": "n1-standard-4", "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 1}]}),
		"node pool": testing.one("google_container_node_pool", {"node_config": [{"machine_type": "g2-standard-4"}]}),
	}
	some finding in rule.deny with input as document
	not object.get(finding, "unclear", false)
}

test_conforms[note] if {
	some note, document in {
		"m7i": testing.one("aws_instance", {"instance_type": "m7i.large"}),
		"google": testing.one("google_compute_instance", {"machine_type": "e2-medium"}),
		"node pool": testing.one("google_container_node_pool", {"node_config": [{"machine_type": "e2-medium", "guest_accelerator": []}]}),
	}
	count(rule.deny) == 0 with input as document
}

test_missing[note] if {
	some note, document in {
		"unknown": testing.unknown("aws_instance", {"instance_type": true}),
		"sensitive": testing.one("azurerm_linux_virtual_machine", {"size": "(sensitive value)"}),
	}
	count(rule.deny) > 0 with input as document
}

test_wrong_type[note] if {
	some note, document in {
		"number": testing.one("aws_instance", {"instance_type": 4}),
		"list of numbers": testing.one("aws_eks_node_group", {"instance_types": [5]}),
	}
	count(rule.deny) > 0 with input as document
}
