# METADATA
# title: S3 bucket is open to everybody
# description: |
#   A public ACL, or a public access block with a switch off, lets anybody read or write the objects. Look-alikes of other
#   providers are SEC-009 and SEC-010.
# related_resources:
#   - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
# custom:
#   id: SEC-001
#   severity: warn
#   reads:
#     aws_s3_bucket: [acl]
#     aws_s3_bucket_acl: [acl]
#     aws_s3_bucket_public_access_block: [block_public_acls, block_public_policy, ignore_public_acls, restrict_public_buckets]
#     aws_s3_account_public_access_block: [block_public_acls, block_public_policy, ignore_public_acls, restrict_public_buckets]
package platform.rules.security.public_bucket

import rego.v2

import data.platform.lib

blocks := ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]

# METADATA
# title: A public ACL
deny contains finding if {
	some type in ["aws_s3_bucket", "aws_s3_bucket_acl"]
	some r in input.resources[type]
	r.judged
	r.after.acl in {"public-read", "public-read-write", "authenticated-read", "website"}
	finding := lib.finding(r, sprintf("%s has the ACL %s.", [r.address, r.after.acl]), "Use the ACL private, and a bucket policy for what must be shared.")
}

# METADATA
# title: A switch of the public access block is off
deny contains finding if {
	some type in ["aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"]
	some r in input.resources[type]
	r.judged
	some attribute in blocks
	lib.not_true(r, attribute)
	finding := lib.finding(r, sprintf("%s has %s off.", [r.address, attribute]), sprintf("Set %s = true.", [attribute]))
}

# METADATA
# title: The ACL cannot be read
deny contains lib.unclear_finding(r, "acl") if {
	some type in ["aws_s3_bucket", "aws_s3_bucket_acl"]
	some r in input.resources[type]
	r.judged
	lib.unclear_string(r, "acl")
}

# METADATA
# title: A switch cannot be read
deny contains lib.unclear_finding(r, attribute) if {
	some type in ["aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"]
	some r in input.resources[type]
	r.judged
	some attribute in blocks
	lib.unclear_bool(r, attribute)
}
