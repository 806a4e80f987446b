# METADATA
# title: Instance metadata without a token
# description: |
#   IMDSv1 hands credentials to any process that can be made to fetch a URL. http_tokens = required switches it off.
# related_resources:
#   - https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
# custom:
#   id: SEC-011
#   severity: warn
#   reads:
#     aws_instance: [metadata_options]
#     aws_launch_template: [metadata_options]
#     aws_launch_configuration: [metadata_options]
package platform.rules.security.imds

import rego.v2

import data.platform.lib

types := ["aws_instance", "aws_launch_template", "aws_launch_configuration"]

# METADATA
# title: A token is not required
deny contains finding if {
	some type in types
	some r in input.resources[type]
	r.judged
	not required(r)
	not lib.unclear_blocks(r, "metadata_options")
	finding := lib.finding(r, sprintf("%s does not require IMDSv2.", [r.address]), "Set metadata_options { http_tokens = \"required\" }.")
}

# METADATA
# title: The options cannot be read
deny contains lib.unclear_finding(r, "metadata_options") if {
	some type in types
	some r in input.resources[type]
	r.judged
	not required(r)
	lib.unclear_blocks(r, "metadata_options")
}

required(r) if {
	some options in r.after.metadata_options
	secure(options)
}

secure(options) if options.http_tokens == "required"

secure(options) if options.http_endpoint == "disabled"
