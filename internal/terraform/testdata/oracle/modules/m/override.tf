output "n" { value = var.n * 10 }
