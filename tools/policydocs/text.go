package main

const intro = `# Policies

This page is made from the METADATA of the built-in rules: ` + "`go run ./tools/policydocs > docs/policies.md`" + `.

Rules judge what a plan changes or imports; with ` + "`policies.params.judge_unchanged: true`" + ` they judge everything
that will exist. ` + "`block`" + ` refuses, ` + "`warn`" + ` tells. Five rules block by default, because what they stop cannot
be undone or is attacked within minutes: a public database, an admin port or all ports open to the internet, and the
deletion or replacement of a resource that holds data. DEPLOY rules block, too, where a deployment is decided and their
parameter asks for something. Change a default with ` + "`policies.params.severity: {CHG-001: warn}`" + `,
switch a rule off with ` + "`policies.disable: [COST-003]`" + `. An unknown id in either is an error with the nearest known one.

A value is *unclear* when it is known only after apply, marked sensitive, or of another type than the provider's schema.
No rule takes an unclear value for conforming: a warning rule warns, a blocking rule is undecided. An attribute that the
configuration leaves out takes the provider's default. A rule that fails, runs out of time or lacks facts is undecided
and named (` + "`policy-error`, `policy-timeout`, `policy-missing-fact`, `policy-input`, `policy-param`" + `); never a pass.

## Parameters (` + "`policies.params`" + `)

| name | default | used by |
|---|---|---|
| required_tags | none: nothing to check | TAGS-001 |
| tag_values | none: nothing to check | TAGS-002 |
| regions | none: nothing to check | TAGS-004 |
| max_nat_gateways | 1 new one in a change | COST-004 |
| max_usage_share | 0.5 | COST-005 |
| max_resource_delta | 500 a month, in the estimate's currency | COST-007 |
| production_names | prod, production, live | CHG-004 |
| production_only | true | CHG-004 |
| deploy_min_approvals | 0: nothing to check | DEPLOY-001 |
| deploy_ticket | none: nothing to check | DEPLOY-002 |
| deploy_windows | none: nothing to check | DEPLOY-003 |
| deploy_max_retried | 5, in a suite | DEPLOY-004 |
| deploy_min_coverage | 0: nothing to check; 80, or {unit: 80, e2e: 30} | DEPLOY-005 |
| severity | the rule's own | every rule |
| judge_unchanged | false | every rule about resources |

A parameter of the wrong type is undecided (CFG-001), and so is a name within two letters of one of these.
`

const own = `
## Rules of your own

Put .rego files into a folder and give it with ` + "`--policy DIR`" + ` (or keep it in the policy repository). A package with
METADATA is in our dialect and is read as Rego v2, where ` + "`not`" + ` over a missing fact denies:

` + "```rego" + `
# METADATA
# title: Buckets carry the company prefix
# description: Names tell who owns a bucket.
# custom:
#   id: ACME-001
#   severity: block        # block, warn or allow
#   reads:                 # attributes that the rule may see, per resource type; "*" is any type
#     aws_s3_bucket: [bucket]
package acme.names

import rego.v2

deny contains {"address": r.address, "msg": "the bucket has another prefix", "fix": "Rename it."} if {
	some r in input.resources.aws_s3_bucket
	r.judged
	not startswith(r.after.bucket, "acme-")
}
` + "```" + `

- ` + "`input.resources.TYPE[_]`" + `: address, previous_address, module, type, name, index, deposed, provider, region, action, actions
  (creates, updates, deletes, replaces, forgets, unknown, changes), reason, importing, judged, before, after, unknown,
  references, configured, default_tags, default_tags_unknown. Only attributes that a loaded rule declares are there.
- ` + "`input.plan`" + `: name, complete, errored, format_version, terraform_version, timestamp, counts, drift, modules, providers, checks.
- ` + "`input.estimate`" + `, ` + "`input.evidence`" + ` ([evidence.md](evidence.md#policies)), ` + "`input.deployment`" + ` (below), ` + "`input.params`" + `, ` + "`input.missing.GROUP`" + ` (why a group could not be had).
- ` + "`input.deployment`" + `: environment, commit, tree, digests, run_id, attempt, workflow, jobs, at, rollback, debts, pull_requests
  (number, title, author, approvals, commit; a commit that came to the branch without one has number 0). Pull requests are read
  from GitHub only where a rule may look at them. Where they are not known, a rule that may look at them is undecided with the
  reason, unless its package asks ` + "`input.deployment.pull_requests_missing`" + ` and so says itself what that means.
- Where a deployment is decided there is no plan: rules that look at a plan or an estimate alone are left out there, and rules that look
  at ` + "`input.deployment`" + ` are left out everywhere else, unless they ask ` + "`input.missing`" + `.
- Name what you look at: ` + "`input.deployment.environment`, `object.get(input.deployment, \"jobs\", [])`" + `. Whoever takes the input without naming a
  part (` + "`walk(input, …)`, `some part in input`, `input[k]`, `f(input)`" + `) is asked about plans and about deployments, and needs all
  that there is of them; whoever takes ` + "`input.deployment`" + ` so needs its pull requests.
- A finding is a string, or an object of msg and any of id, title, address, file, line, severity, fix, unclear. One package
  may declare several ids, on its rules; then each finding names its id.
- ` + "`looked contains …`" + ` says what a rule looked at when that is not its resource types.
- Put tests into *_test.rego beside the rules: ` + "`platform policy test`" + `.

Each bundle compiles alone and can add findings, never take another's away; package platform.* is reserved. Builtins that
reach the network, the clock, randomness or the environment do not compile. An evaluation has 5 seconds; memory is not
bounded, so run only policies that you trust on your machine.

## Policies that you already have

conftest policies (deny, warn and violation, with or without a suffix, and exception) run unchanged over the plan document,
in Rego v1 or v0, and so does Infracost's ` + "`data.infracost.deny`" + ` over Infracost JSON. Their findings name the dialect
and have ids such as ` + "`conftest:main.deny`" + `. In these dialects ` + "`not`" + ` over a missing fact is unsafe: it lets the change
pass. Results that are no sets, and objects without msg, are undecided.
`
