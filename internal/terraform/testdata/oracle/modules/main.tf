module "each" {
  for_each = { small = 1, large = 3 }
  source   = "./m"
  name     = each.key
  n        = each.value
}
module "twice" {
  count  = 2
  source = "./m"
  name   = "twice-${count.index}"
}
resource "terraform_data" "outputs" {
  input = { names = [for k, m in module.each : m.name], first = module.twice[0].name, deep = module.each["large"].deep, sizes = values(module.each)[*].n }
}
resource "terraform_data" "none" {
  count = 0
}
