package render

import (
	"strings"
	"testing"
)

// secrets are made up; their shapes are not.
var secrets = map[string]string{
	"classic token":   "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
	"app token":       "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a",
	"fine token":      "github_pat_" + "11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789abcdefghijklmnop",
	"access key":      "AKIA" + "IOSFODNN7EXAMPLE",
	"session key":     "ASIA" + "IOSFODNN7EXAMPLE",
	"secret key":      "wJ4lrXUtnF3MI/K7MDENG9bPxRfiCYkX2mP1eKq8",
	"web token":       "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
	"storage key":     "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
	"slack token":     "xoxb-" + "123456789012-abcdefghijklmnop",
	"google key":      "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
	"gitlab token":    "glpat-" + "abcdefghij0123456789",
	"url password":    "postgres://admin:hunter2hunter2@db.example.com/x",
	"private key":     "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MaC\n-----END RSA PRIVATE KEY-----",
	"open key":        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ",
	"key in one line": "-----BEGIN PRIVATE KEY----- MIIEowIBAAKCAQEA0Z3VS5JJcds3xfn -----END PRIVATE KEY-----",
}

func TestRedact(t *testing.T) {
	for name, secret := range secrets {
		got := Redact("before " + secret + " after")
		if !strings.HasPrefix(got, "before ") || !strings.Contains(got, redacted) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := Redact("https://user:s3cret@host/path"); got != "https://"+redacted+"@host/path" {
		t.Errorf("the password of a URL: %q", got)
	}
}

// Names, digests and codes of products look long and mixed too, and a report without them is useless.
func TestRedactKeeps(t *testing.T) {
	for _, s := range []string{
		"sha256:9f2c1b7e5d3a4f608192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8",
		"c0ffee1234567890c0ffee1234567890c0ffee12",
		"module.database_cluster_primary[\"eu-west-1\"].aws_elasticache_replication_group.this[0]",
		"aws_cognito_identity_pool_provider_principal_tag.ExampleProviderPrincipalTag",
		"arn:aws:iam::123456789012:role/aws-service-role/AWSServiceRoleForAutoScaling2",
		"Standard_NC24ads_A100_v4", "Standard_NC128ds_xl_RTXPRO6000BSE_v6", "ELBSecurityPolicy-TLS13-1-2-2021-06", "GP_Gen5_8/BusinessCritical",
		"https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/instance#EBSBlockDevices2",
		"git::ssh://git@github.com/org/terraform-aws-modules.git//modules/VpcPeering2?ref=v1.2.3",
		"550e8400-e29b-41d4-a716-446655440000", "infra/Prod01/eu-West-1/Payments2/plan.json",
		"platform check --base-ref origin/main infra/prod/plan.json", "", "ghp_short",
	} {
		if got := Redact(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}
