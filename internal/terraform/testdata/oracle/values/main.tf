variable "names" {
  type    = list(string)
  default = ["a", "b", "c"]
}
variable "shape" {
  type = object({
    size = optional(number, 8)
    tags = optional(map(string), {})
    name = string
  })
  default = { name = "n", tags = { a = "1" } }
}
variable "from_file" { type = map(number) }
variable "secret" {
  default   = "hunter2"
  sensitive = true
}
locals {
  upper  = [for n in var.names : upper(n)]
  byname = { for i, n in var.names : n => i if i > 0 }
  grouped = { for n in ["x1", "x2", "y1"] : substr(n, 0, 1) => n... }
  cond   = length(var.names) > 2 ? "many" : "few"
  text   = <<-EOT
    hello %{ for n in var.names }${n},%{ endfor }
    %{ if true }yes%{ else }no%{ endif }
  EOT
}
resource "terraform_data" "count" {
  count = length(var.names)
  input = "${count.index}-${var.names[count.index]}"
}
resource "terraform_data" "each" {
  for_each = local.byname
  input    = { key = each.key, value = each.value, double = each.value * 2 }
}
resource "terraform_data" "set" {
  for_each = toset(["q\"uote", "sp ace", "dot.ted"])
  input    = each.value
}
resource "terraform_data" "values" {
  input = {
    upper = local.upper, byname = local.byname, grouped = local.grouped, cond = local.cond, text = local.text
    shape = var.shape, file = var.from_file, all = terraform_data.count[*].input, one = terraform_data.each["b"].input.double
    workspace = terraform.workspace, keys = keys(terraform_data.each), nulls = [null, 1], empty = {}
    math = [1 + 2 * 3, 10 / 4, 7 % 3, -5, 1e3, 0.1 + 0.2, 9007199254740993], logic = !(true && false) || false
    splat = [{ a = 1 }, { a = 2 }][*].a, index = ["a", "b"][1], not = 1 != 2, cmp = 2 >= 2
  }
}
resource "terraform_data" "secret" { input = "x-${var.secret}" }
resource "terraform_data" "computed" { input = terraform_data.values.id }
resource "terraform_data" "functions" {
  input = [
    join("-", sort(distinct(concat(["b"], ["a", "b"])))), jsonencode({ x = [1, true, null], y = "<&>" }), cidrhost("10.1.0.0/16", -2),
    cidrnetmask("10.1.0.0/20"), cidrsubnets("10.1.0.0/16", 4, 4, 8), cidrsubnet("fd00::/48", 16, 3), can(regex("^x", "y")), replace("a.b.c", "/[.]/", "_"),
    merge({ a = 1 }, { b = 2, a = 3 }), flatten([[1], [2, [3]]]), sum([1, 2.5]), one([7]), coalesce("", "z"), sha256("x"), md5("x"),
    base64encode("hi"), base64sha256("x"), element(["a", "b"], 3), alltrue([true, false]), anytrue([false, true]), zipmap(["k"], ["v"]), yamldecode("a: [1, 2]"),
    substr("hello", 1, 3), tonumber("42") + 0.1, setproduct(["a"], ["b", "c"]), startswith("terraform", "terra"), endswith("x", "y"), strcontains("abc", "b"),
    format("%03d %s %q %.2f", 7, "x", "y", 1.5), formatlist("%s!", ["a", "b"]), split(",", "a,b"), trimspace("  x "), trim("?!x?!", "!?"), trimprefix("ab", "a"),
    title("hello world"), chunklist([1, 2, 3], 2), compact(["", "a"]), contains(["a"], "a"), index(["a", "b"], "b"), lookup({ a = 1 }, "b", 2), range(1, 7, 2),
    reverse([1, 2]), slice([1, 2, 3], 1, 2), values({ b = 1, a = 2 }), parseint("ff", 16), pow(2, 10), signum(-3), ceil(1.2), floor(-1.2), abs(-1), max(1, 5), min(3, 2), log(8, 2),
    basename("/a/b.c"), dirname("/a/b.c"), urlencode("a b&c"), indent(2, "a\nb"), strrev("abc"), regexall("[a-z]+", "ab 12 cd"), timeadd("2026-01-02T03:04:05Z", "1h"),
    formatdate("DD MMM YYYY", "2026-01-02T03:04:05Z"), try(tonumber("x"), 5), length("é"), tolist(toset(["b", "a"])), setunion(["a"], ["b"]), setintersection(["a", "b"], ["b"]), setsubtract(["a", "b"], ["b"]),
    base64gzip("hello"), timecmp("2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00"), timecmp("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z"),
    matchkeys(["a", "b", "c"], [1, 2, 1], [1]), transpose({ a = ["1", "2"], b = ["2"] }), issensitive(var.secret), issensitive("x"),
    nonsensitive(filemd5("${path.module}/terraform.tfvars")), nonsensitive(filesha256("${path.module}/terraform.tfvars")), nonsensitive(filebase64("terraform.tfvars")),
    nonsensitive(filebase64sha512("terraform.tfvars")), nonsensitive(templatefile("${path.module}/hello.tftpl", { names = ["a", "b"], n = 3 })), nonsensitive(file("terraform.tfvars")),
    fileexists("nowhere"), sort(fileset(path.module, "*.tftpl")),
    nonsensitive(var.secret), csvdecode("a,b\n1,2"), lower("ÀB"), yamlencode({ a = [1] }), coalescelist([], [1]), jsondecode("{\"a\": 1.5}")
  ]
}
