resource "aws_db_instance" "orders" {
  identifier                  = "shop-orders"
  engine                      = "postgres"
  engine_version              = "16.3"
  instance_class              = "db.r6g.xlarge"
  allocated_storage           = 500
  storage_type                = "gp3"
  storage_encrypted           = true
  multi_az                    = true
  deletion_protection         = true
  manage_master_user_password = true
}

resource "aws_db_instance" "reporting" {
  identifier        = "shop-reporting"
  engine            = "postgres"
  engine_version    = "16.3"
  instance_class    = "db.t4g.medium"
  allocated_storage = 100
  storage_type      = "gp2"
  storage_encrypted = true
  username          = "reporting"
  password          = var.db_password
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "shop-sessions"
  description                = "sessions and carts"
  engine                     = "redis"
  node_type                  = "cache.r6g.large"
  num_cache_clusters         = 2
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
}

resource "aws_dynamodb_table" "stock" {
  name         = "shop-stock"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "sku"
  attribute {
    name = "sku"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_ebs_volume" "search_cache" {
  availability_zone = "eu-west-1a"
  size              = 400
  type              = "gp3"
  iops              = 6000
  throughput        = 250
  encrypted         = true
}

resource "aws_kms_key" "data" {
  description         = "orders and sessions"
  enable_key_rotation = true
}

resource "aws_secretsmanager_secret" "payment" {
  name = "shop/payment-provider"
}
