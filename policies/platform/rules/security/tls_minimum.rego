# METADATA
# title: TLS older than 1.2 is accepted
# description: |
#   TLS 1.0 and 1.1 are broken and withdrawn. Looks at load balancers, CDNs, storage, databases and web apps.
# related_resources:
#   - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
# custom:
#   id: SEC-008
#   severity: warn
#   reads:
#     aws_lb_listener: [protocol, ssl_policy]
#     aws_alb_listener: [protocol, ssl_policy]
#     aws_cloudfront_distribution: [viewer_certificate]
#     aws_api_gateway_domain_name: [security_policy]
#     azurerm_storage_account: [min_tls_version]
#     azurerm_mssql_server: [minimum_tls_version]
#     azurerm_redis_cache: [minimum_tls_version]
#     google_compute_ssl_policy: [min_tls_version]
package platform.rules.security.tls_minimum

import rego.v2

import data.platform.lib

versions := {
	"aws_api_gateway_domain_name": "security_policy",
	"azurerm_storage_account": "min_tls_version",
	"azurerm_mssql_server": "minimum_tls_version",
	"azurerm_redis_cache": "minimum_tls_version",
	"google_compute_ssl_policy": "min_tls_version",
}

listeners := ["aws_lb_listener", "aws_alb_listener"]

old := {"TLS_1_0", "TLS1_0", "TLS1_1", "1.0", "1.1", "TLSv1", "TLSv1_2016", "TLSv1.1_2016", "SSLv3"}

# The provider's default of these is TLS 1.0.
old_by_default := {"google_compute_ssl_policy"}

# METADATA
# title: An old version
deny contains finding if {
	some type, attribute in versions
	some r in input.resources[type]
	r.judged
	r.after[attribute] in old
	finding := lib.finding(r, sprintf("%s accepts %s.", [r.address, r.after[attribute]]), sprintf("Set %s to version 1.2 or later.", [attribute]))
}

# METADATA
# title: An old version by default
deny contains finding if {
	some type in old_by_default
	some r in input.resources[type]
	r.judged
	not lib.unclear_string(r, versions[type])
	object.get(r.after, versions[type], null) == null
	finding := lib.finding(r, sprintf("%s accepts TLS 1.0, the default.", [r.address]), sprintf("Set %s to version 1.2 or later.", [versions[type]]))
}

# METADATA
# title: A listener with an old security policy
deny contains finding if {
	some type in listeners
	some r in input.resources[type]
	r.judged
	r.after.protocol in {"HTTPS", "TLS"}
	not modern(r)
	not lib.unclear_string(r, "ssl_policy")
	finding := lib.finding(r, sprintf("%s uses a security policy that accepts TLS 1.0 or 1.1.", [r.address]), "Set ssl_policy = \"ELBSecurityPolicy-TLS13-1-2-2021-06\".")
}

# METADATA
# title: A distribution that accepts old versions
deny contains finding if {
	some r in input.resources.aws_cloudfront_distribution
	r.judged
	some certificate in r.after.viewer_certificate
	outdated(certificate)
	finding := lib.finding(r, sprintf("%s accepts TLS 1.0 or 1.1.", [r.address]), "Set minimum_protocol_version = \"TLSv1.2_2021\".")
}

# METADATA
# title: The version cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type, attribute in versions
	some r in input.resources[type]
	r.judged
	lib.unclear_string(r, attribute)
}

# METADATA
# title: The security policy cannot be read
deny contains lib.unclear_finding(r, "ssl_policy") if {
	some type in listeners
	some r in input.resources[type]
	r.judged
	lib.unclear_string(r, "ssl_policy")
}

# METADATA
# title: The certificate settings cannot be read
deny contains lib.unclear_finding(r, "viewer_certificate") if {
	some r in input.resources.aws_cloudfront_distribution
	r.judged
	unreadable(r)
}

modern(r) if {
	is_string(r.after.ssl_policy)
	regex.match(`TLS13|TLS-1-2|FS-1-2`, r.after.ssl_policy)
}

outdated(certificate) if certificate.minimum_protocol_version in old

outdated(certificate) if {
	is_object(certificate)
	not certificate.cloudfront_default_certificate == true
	object.get(certificate, "minimum_protocol_version", null) == null
}

unreadable(r) if {
	r.after.viewer_certificate != null
	not is_array(r.after.viewer_certificate)
}

unreadable(r) if {
	some certificate in r.after.viewer_certificate
	not is_object(certificate)
}

unreadable(r) if r.unknown.viewer_certificate == true

unreadable(r) if r.unknown.viewer_certificate[_].minimum_protocol_version == true
