# METADATA
# title: Fixtures for the rules' tests
package platform.testing

import rego.v2

# METADATA
# title: One resource that is created with these attributes
one(type, after) := many([created(type, after)])

# METADATA
# title: One resource that is created with attributes that are known only after apply
unknown(type, unknown_attributes) := many([object.union(created(type, {}), {"unknown": unknown_attributes})])

# METADATA
# title: A document with these resources
many(resources) := {
	"resources": {type: [r | some r in resources; r.type == type] | some type in {r.type | some r in resources}},
	"plan": plan,
	"params": {},
	"missing": {},
}

# METADATA
# title: A document whose plan differs in these members
with_plan(changes) := object.union(many([]), {"plan": object.union(plan, changes)})

# METADATA
# title: A document with an estimate
with_estimate(estimate) := object.union(many([]), {"estimate": estimate})

# METADATA
# title: The document with parameters
with_params(document, params) := object.union(document, {"params": params})

plan := {
	"name": "plan.json", "complete": true, "errored": false, "drift": [], "modules": [], "providers": [], "checks": [],
	"timestamp": "", "terraform_version": "1.11.4", "counts": {},
}

# METADATA
# title: A resource as the engine hands it over
created(type, after) := object.union(base, {
	"address": sprintf("%s.it", [type]), "type": type, "after": after,
	"action": "create", "actions": object.union(base.actions, {"creates": true, "changes": true}),
})

# METADATA
# title: A resource with another action
acted(type, action, before, after) := object.union(base, {
	"address": sprintf("%s.it", [type]), "type": type, "before": before, "after": after, "judged": after != null,
	"action": action,
	"actions": {
		"creates": action in {"create", "delete-create", "create-delete"},
		"updates": action == "update",
		"deletes": action in {"delete", "delete-create", "create-delete", "unknown"},
		"replaces": action in {"delete-create", "create-delete"},
		"forgets": action == "forget",
		"unknown": action == "unknown",
		"changes": action != "no-op",
	},
})

base := {
	"previous_address": "", "module": "", "name": "it", "index": "", "deposed": "",
	"provider": "registry.terraform.io/hashicorp/aws", "region": "eu-west-1", "reason": "", "importing": false, "judged": true,
	"before": null, "unknown": {}, "references": {}, "configured": null, "default_tags": {}, "default_tags_unknown": false,
	"actions": {
		"creates": false, "updates": false, "deletes": false, "replaces": false, "forgets": false, "unknown": false,
		"changes": false,
	},
}
