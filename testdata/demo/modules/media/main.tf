variable "name" {
  type = string
}

resource "aws_s3_bucket" "originals" {
  bucket = "${var.name}-originals"
}

resource "aws_s3_bucket_public_access_block" "originals" {
  bucket                  = aws_s3_bucket.originals.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket" "thumbnails" {
  bucket = "${var.name}-thumbnails"
}

resource "aws_s3_bucket_acl" "thumbnails" {
  bucket = aws_s3_bucket.thumbnails.id
  acl    = "public-read"
}

resource "aws_lambda_function" "thumbnails" {
  function_name = "${var.name}-thumbnails"
  role          = "arn:aws:iam::123456789012:role/media"
  handler       = "thumb.handler"
  runtime       = "python3.12"
  memory_size   = 512
  filename      = "thumb.zip"
}

resource "aws_cloudwatch_log_group" "thumbnails" {
  name              = "/aws/lambda/${var.name}-thumbnails"
  retention_in_days = 14
}
