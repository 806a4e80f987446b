#!/bin/sh
# Makes the real plans of this folder with the terraform on PATH (they were made with 1.11.4), its built-in
# terraform_data resource, no provider and no network: sh make.sh. Ids and timestamps differ at every run, so run
# the package's tests with -update afterwards and read the difference.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/disk" && cd "$work"

# save NAME [FLAGS] plans and writes NAME.json.
save() {
  name=$1; shift
  terraform plan -no-color -input=false -out plan.out "$@" >/dev/null
  terraform show -json plan.out >"$here/$name.json"
}
apply() { terraform apply -no-color -input=false -auto-approve "$@" >/dev/null; }

cat >disk/main.tf <<'TF'
variable "size" { type = number }
variable "region" { default = "eu-west-1" }
resource "terraform_data" "this" { input = { size = var.size, region = var.region } }
output "size" { value = var.size }
TF
cat >main.tf <<'TF'
variable "password" {
  default   = "canary-variable"
  sensitive = true
}
variable "regions" { default = { eu = "eu-west-2" } }
resource "terraform_data" "plain" { input = "one" }
resource "terraform_data" "counted" {
  count = 2
  input = count.index
}
resource "terraform_data" "keyed" {
  for_each = toset(["a.b", "c[0]"])
  input    = { key = each.key, secret = var.password, list = ["x", var.password], deep = { map = { inner = var.password } } }
}
resource "terraform_data" "replaced" {
  input            = "same"
  triggers_replace = "one"
}
resource "terraform_data" "before_destroy" {
  triggers_replace = ["one", var.password]
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "old_name" { input = "moves" }
resource "terraform_data" "goes" { input = "away" }
resource "terraform_data" "forgotten" { input = "stays outside" }
module "disk" {
  for_each = { "x.y[0]" = 10 }
  source   = "./disk"
  size     = each.value
  region   = var.regions["eu"]
}
check "size" {
  assert {
    condition     = length(terraform_data.counted) == 3
    error_message = "there must be three"
  }
}
TF
terraform init -no-color -input=false >/dev/null
save create
apply
cp terraform.tfstate "$here/state_file.json"
terraform show -json >"$here/state.json"
save unchanged

sed -i -e 's/"one"/"two"/' -e 's/old_name/new_name/' -e 's/= 10 }/= 20 }/' \
  -e '/"goes"/d' -e '/"forgotten"/d' main.tf
cat >>main.tf <<'TF'
moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}
removed {
  from = terraform_data.forgotten
  lifecycle { destroy = false }
}
import {
  to = terraform_data.imported
  id = "b5c8a9a0-0000-4000-8000-000000000001"
}
resource "terraform_data" "imported" {}
resource "terraform_data" "depends" { input = terraform_data.plain.output }
data "terraform_remote_state" "read_now" {
  backend = "local"
  config  = { path = "terraform.tfstate" }
}
data "terraform_remote_state" "read_later" {
  backend    = "local"
  config     = { path = "terraform.tfstate" }
  depends_on = [terraform_data.plain]
}
TF
terraform init -no-color -input=false >/dev/null
save change
save target -target=terraform_data.plain -target=terraform_data.new_name -target=terraform_data.old_name
save destroy -destroy
terraform plan -json -no-color -input=false >"$here/events.json"
terraform plan -no-color -input=false >"$here/text.json"
cp main.tf "$here/source.json"
: >"$here/empty.json"
head -c 2000 "$here/change.json" >"$here/truncated.json"
terraform plan -no-color -input=false -out plan.out >/dev/null && cp plan.out "$here/binary.json"
