# METADATA
# title: GPU or AI accelerator
# description: |
#   Accelerated instances and provisioned model throughput cost from $0.5 to $100 an hour. This names each one that a
#   change brings in or touches, so that somebody means it.
# related_resources:
#   - https://aws.amazon.com/ec2/instance-types/#Accelerated_Computing
#   - https://cloud.google.com/compute/docs/gpus
# custom:
#   id: COST-003
#   severity: warn
#   reads:
#     aws_instance: [instance_type]
#     aws_launch_template: [instance_type]
#     aws_launch_configuration: [instance_type]
#     aws_eks_node_group: [instance_types]
#     aws_sagemaker_notebook_instance: [instance_type]
#     aws_sagemaker_endpoint_configuration: [production_variants]
#     aws_bedrock_provisioned_model_throughput: [model_units]
#     azurerm_linux_virtual_machine: [size]
#     azurerm_windows_virtual_machine: [size]
#     azurerm_kubernetes_cluster_node_pool: [vm_size]
#     google_compute_instance: [machine_type, guest_accelerator]
#     google_container_node_pool: [node_config]
package platform.rules.cost.accelerator

import rego.v2

import data.platform.lib

attributes := {
	"aws_instance": "instance_type",
	"aws_launch_template": "instance_type",
	"aws_launch_configuration": "instance_type",
	"aws_eks_node_group": "instance_types",
	"aws_sagemaker_notebook_instance": "instance_type",
	"azurerm_linux_virtual_machine": "size",
	"azurerm_windows_virtual_machine": "size",
	"azurerm_kubernetes_cluster_node_pool": "vm_size",
	"google_compute_instance": "machine_type",
}

fix := "Confirm that an accelerator is needed, and stop it when it is idle."

# METADATA
# title: A machine type with accelerators
deny contains finding if {
	some type, attribute in attributes
	some r in input.resources[type]
	r.judged
	not harmless[r.after[attribute]]
	some name in lib.as_list(r.after[attribute])
	accelerated(name)
	finding := lib.finding(r, sprintf("%s uses %s, which has accelerators.", [r.address, name]), fix)
}

# METADATA
# title: A SageMaker endpoint with accelerators
deny contains finding if {
	some r in input.resources.aws_sagemaker_endpoint_configuration
	r.judged
	some name in {v.instance_type | some v in r.after.production_variants}
	accelerated(name)
	finding := lib.finding(r, sprintf("%s serves from %s, which has accelerators.", [r.address, name]), fix)
}

# METADATA
# title: Provisioned throughput of a model
deny contains finding if {
	some r in input.resources.aws_bedrock_provisioned_model_throughput
	r.judged
	finding := lib.finding(r, sprintf("%s reserves model throughput by the hour.", [r.address]), fix)
}

# METADATA
# title: An accelerator that is attached
deny contains finding if {
	some r in input.resources.google_compute_instance
	r.judged
	some a in r.after.guest_accelerator
	a.count > 0
	finding := lib.finding(r, sprintf("%s attaches %v × %v.", [r.address, a.count, a.type]), fix)
}

# METADATA
# title: A node pool with accelerators
deny contains finding if {
	some r in input.resources.google_container_node_pool
	r.judged
	some config in r.after.node_config
	accelerated_pool(config)
	finding := lib.finding(r, sprintf("%s has nodes with accelerators.", [r.address]), fix)
}

# METADATA
# title: The type cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type, attribute in attributes
	some r in input.resources[type]
	r.judged
	not harmless[r.after[attribute]]
	unreadable(r, attribute)
}

# A plan has many machines of few types: each type is judged once.
harmless := {name |
	some name in {r.after[attribute] |
		some type, attribute in attributes
		some r in input.resources[type]
	}
	is_string(name)
	name != lib.sensitive
	not accelerated(name)
}

unreadable(r, attribute) if lib.unclear(r, attribute)

unreadable(r, attribute) if {
	some v in lib.as_list(r.after[attribute])
	not is_string(v)
}

accelerated_pool(config) if some _ in config.guest_accelerator

accelerated_pool(config) if accelerated(config.machine_type)

# AWS p, g, inf, trn, dl and vt families (ml. for SageMaker); Azure N series; Google a2, a3, a4, g2.
accelerated(name) if {
	is_string(name)
	regex.match(`^(ml\.)?(p[2-9][a-z]*|g[2-9][a-z]*|gr6|inf[0-9]|trn[0-9][a-z]*|dl[12][a-z]*|vt1)\.`, name)
}

accelerated(name) if {
	is_string(name)
	regex.match(`(?i)^Standard_N[CDPV]`, name)
}

accelerated(name) if {
	is_string(name)
	regex.match(`^(.*/)?(a[234]|g[24])-`, name)
}
