variable "name" { type = string }
variable "n" {
  type    = number
  default = 2
}
resource "terraform_data" "r" {
  count = var.n
  input = "${var.name}/${count.index}"
}
module "d" {
  source = "./d"
  list   = terraform_data.r[*].input
}
output "name" { value = upper(var.name) }
output "n" { value = var.n }
output "deep" { value = module.d.joined }
