# METADATA
# title: Module is not pinned to a version
# description: |
#   A module without an exact version or a git reference can change between the plan that was read and the next. Local
#   modules move with the repository.
# related_resources:
#   - https://developer.hashicorp.com/terraform/language/modules/sources
# custom:
#   id: CHG-007
#   severity: warn
#   reads: {}
package platform.rules.change.module_pins

import rego.v2

looked contains m.address if {
	some m in input.plan.modules
	not local(m.source)
}

# METADATA
# title: A registry module without a version
deny contains finding if {
	some m in input.plan.modules
	is_string(m.source)
	not local(m.source)
	not remote(m.source)
	not exact(m.version)
	finding := {"address": m.address, "msg": sprintf("%s takes any version that fits %v.", [m.address, quoted(m.version)]), "fix": "Set version to one version, such as \"5.1.2\"."}
}

# METADATA
# title: A git or HTTP module without a fixed reference
deny contains finding if {
	some m in input.plan.modules
	is_string(m.source)
	remote(m.source)
	not fixed(m.source)
	finding := {"address": m.address, "msg": sprintf("%s follows a source that can move.", [m.address]), "fix": "Add ?ref= with a commit or a version tag."}
}

# METADATA
# title: The modules cannot be read
deny contains finding if {
	not is_array(input.plan.modules)
	finding := {"msg": "The plan does not list its modules.", "fix": "Make the plan again with `terraform show -json`.", "unclear": true}
}

# METADATA
# title: A module without a source
deny contains finding if {
	some m in input.plan.modules
	not is_string(m.source)
	finding := {"address": m.address, "msg": sprintf("The source of %s cannot be read.", [m.address]), "fix": "Make the plan again with `terraform show -json`.", "unclear": true}
}

local(source) if regex.match(`^\.{1,2}(/|\\\\|$)`, source)

local("")

remote(source) if contains(source, "://")

remote(source) if regex.match(`^(git::|hg::|s3::|gcs::|git@|github\.com/|bitbucket\.org/)`, source)

fixed(source) if regex.match(`[?&]ref=([0-9a-f]{40}|v?[0-9]+(\.[0-9]+){1,2}([-+][0-9A-Za-z.+-]+)?)(&|$)`, source)

fixed(source) if regex.match(`[?&](rev|checksum|versionId)=`, source)

fixed(source) if regex.match(`[-_/]v?[0-9]+\.[0-9]+\.[0-9]+\.(zip|tar\.gz|tgz)`, source)

exact(version) if {
	is_string(version)
	regex.match(`^=? ?v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$`, version)
}

quoted(version) := "no constraint" if version == ""

quoted(version) := version if version != ""
