resource "aws_lb" "web" {
  name               = "shop-web"
  load_balancer_type = "application"
  subnets            = aws_subnet.public[*].id
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.web.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
}

resource "aws_lb_target_group" "web" {
  port   = 8080
  vpc_id = aws_vpc.shop.id
}

resource "aws_launch_template" "web" {
  name_prefix   = "shop-web-"
  image_id      = "ami-0c1bc246476a5572b"
  instance_type = var.web_instance_type
  metadata_options {
    http_tokens = "required"
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 30
      volume_type = "gp3"
      encrypted   = true
    }
  }
}

resource "aws_autoscaling_group" "web" {
  name                = "shop-web"
  min_size            = 3
  max_size            = 9
  desired_capacity    = 4
  vpc_zone_identifier = aws_subnet.private[*].id
  launch_template {
    id      = aws_launch_template.web.id
    version = "$Latest"
  }
}

resource "aws_instance" "bastion" {
  ami                    = "ami-0c1bc246476a5572b"
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.admin.id]
}

# Image resizing: the size is chosen by a data source, so it is known only after apply.
resource "aws_instance" "resizer" {
  ami           = "ami-0c1bc246476a5572b"
  instance_type = aws_ssm_parameter.resizer_type.insecure_value
  root_block_device {
    volume_size = 100
    volume_type = "gp3"
    encrypted   = true
  }
}

resource "aws_ssm_parameter" "resizer_type" {
  name           = "/shop/resizer/instance-type"
  type           = "String"
  insecure_value = "c6i.xlarge"
}

resource "aws_iam_role" "web" {
  name               = "shop-web"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_cloudwatch_log_group" "web" {
  name              = "/shop/web"
  retention_in_days = 30
}

resource "aws_sqs_queue" "orders" {
  name = "shop-orders"
}

resource "aws_lambda_function" "checkout" {
  function_name = "shop-checkout"
  role          = aws_iam_role.web.arn
  handler       = "index.handler"
  runtime       = "nodejs20.x"
  memory_size   = 1024
  filename      = "checkout.zip"
}

module "media" {
  source = "./modules/media"
  name   = "shop-media"
}

moved {
  from = aws_cloudwatch_log_group.thumbnails
  to   = module.media.aws_cloudwatch_log_group.thumbnails
}
