variable "list" {}
output "joined" { value = join("+", var.list) }
resource "terraform_data" "j" { input = { joined = join("+", var.list), path = path.module } }
