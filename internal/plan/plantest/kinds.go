package plantest

// kind is one resource type: how often it occurs, its attributes with $PLACEHOLDERS, and how a configuration
// usually sets them.
type kind struct {
	name        string
	provider    string
	weight      int
	labels      string // name of the tags attribute; empty for none
	sensitive   string // an attribute that the plan marks sensitive
	attributes  string
	expressions string
}

const (
	aws    = "registry.terraform.io/hashicorp/aws"
	azure  = "registry.terraform.io/hashicorp/azurerm"
	google = "registry.terraform.io/hashicorp/google"
)

func (k *kind) key() string {
	switch k.provider {
	case azure:
		return "azurerm"
	case google:
		return "google"
	}
	return "aws"
}

var (
	zones           = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}
	instanceTypes   = []string{"t3.micro", "t3.medium", "m5.large", "m6i.xlarge", "c6i.2xlarge", "r6g.large"}
	databaseClasses = []string{"db.t3.medium", "db.m5.large", "db.r6g.xlarge"}
	virtualMachines = []string{"Standard_B2s", "Standard_D2s_v3", "Standard_D4s_v5", "Standard_F4s_v2"}
	machineTypes    = []string{"e2-medium", "n1-standard-2", "n2-standard-4", "e2-standard-8"}
)

var kinds = []kind{
	{"aws_instance", aws, 10, "tags", "", `"ami":"ami-$ID","associate_public_ip_address":false,"availability_zone":"$ZONE","cpu_options":[{"amd_sev_snp":"","core_count":$N,"threads_per_core":2}],"credit_specification":[{"cpu_credits":"standard"}],"disable_api_termination":false,"ebs_block_device":[{"delete_on_termination":true,"device_name":"/dev/sdf","encrypted":true,"iops":3000,"throughput":125,"volume_size":$SIZE,"volume_type":"gp3"}],"ebs_optimized":true,"hibernation":null,"instance_type":"$INSTANCE","monitoring":false,"root_block_device":[{"delete_on_termination":true,"encrypted":true,"iops":3000,"volume_size":$SIZE,"volume_type":"gp3"}],"subnet_id":"subnet-$ID","tenancy":"default","user_data":null`,
		`"ami":{"references":["var.ami"]},"instance_type":{"constant_value":"t3.micro"},"root_block_device":[{"volume_size":{"constant_value":20},"volume_type":{"constant_value":"gp3"}}],"subnet_id":{"references":["aws_subnet.main.id","aws_subnet.main"]},"tags":{"constant_value":{}}`},
	{"aws_ebs_volume", aws, 5, "tags", "", `"availability_zone":"$ZONE","encrypted":true,"final_snapshot":false,"iops":3000,"kms_key_id":"arn:aws:kms:eu-west-1:123456789012:key/$ID","multi_attach_enabled":false,"outpost_arn":"","size":$SIZE,"snapshot_id":"","throughput":125,"type":"gp3"`,
		`"availability_zone":{"references":["data.aws_availability_zones.all.names[0]","data.aws_availability_zones.all"]},"size":{"constant_value":50},"type":{"constant_value":"gp3"}`},
	{"aws_s3_bucket", aws, 7, "tags", "", `"acceleration_status":"","bucket":"$NAME-$ID","bucket_prefix":"","force_destroy":false,"lifecycle_rule":[{"enabled":true,"expiration":[{"days":$SIZE}],"id":"expire"}],"object_lock_enabled":false,"request_payer":"BucketOwner","server_side_encryption_configuration":[{"rule":[{"apply_server_side_encryption_by_default":[{"kms_master_key_id":"","sse_algorithm":"AES256"}],"bucket_key_enabled":false}]}],"versioning":[{"enabled":true,"mfa_delete":false}]`,
		`"bucket":{"references":["var.environment"]},"tags":{"references":["local.tags"]}`},
	{"aws_db_instance", aws, 4, "tags", "password", `"allocated_storage":$SIZE,"apply_immediately":false,"auto_minor_version_upgrade":true,"availability_zone":"$ZONE","backup_retention_period":7,"copy_tags_to_snapshot":true,"db_name":"app","deletion_protection":true,"engine":"postgres","engine_version":"16.3","identifier":"$NAME","instance_class":"$DBCLASS","iops":null,"max_allocated_storage":1000,"multi_az":true,"password":"hunter2-$ID","port":5432,"publicly_accessible":false,"storage_encrypted":true,"storage_type":"gp3","username":"app","vpc_security_group_ids":["sg-$ID"]`,
		`"allocated_storage":{"constant_value":100},"engine":{"constant_value":"postgres"},"instance_class":{"references":["var.class"]},"password":{"references":["var.db_password"]}`},
	{"aws_lambda_function", aws, 6, "tags", "", `"architectures":["arm64"],"description":"","environment":[{"variables":{"LOG_LEVEL":"info","TABLE":"$NAME"}}],"ephemeral_storage":[{"size":512}],"filename":null,"function_name":"$NAME","handler":"index.handler","memory_size":512,"package_type":"Zip","publish":false,"reserved_concurrent_executions":-1,"role":"arn:aws:iam::123456789012:role/$NAME","runtime":"nodejs20.x","s3_bucket":"artifacts-$ID","timeout":30,"tracing_config":[{"mode":"Active"}]`,
		`"environment":[{"variables":{"references":["aws_dynamodb_table.main.name","aws_dynamodb_table.main"]}}],"function_name":{"references":["var.environment"]},"memory_size":{"constant_value":512},"role":{"references":["aws_iam_role.main.arn","aws_iam_role.main"]}`},
	{"aws_iam_role", aws, 8, "tags", "", `"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRole\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Sid\":\"\"}],\"Version\":\"2012-10-17\"}","description":"","force_detach_policies":false,"max_session_duration":3600,"name":"$NAME","path":"/","permissions_boundary":""`,
		`"assume_role_policy":{"references":["data.aws_iam_policy_document.assume.json","data.aws_iam_policy_document.assume"]},"name":{"constant_value":"x"}`},
	{"aws_iam_policy", aws, 6, "tags", "", `"description":"","name":"$NAME","path":"/","policy":"{\"Statement\":[{\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::$NAME-$ID/*\"},{\"Action\":\"kms:Decrypt\",\"Effect\":\"Allow\",\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"`,
		`"name":{"constant_value":"x"},"policy":{"references":["aws_s3_bucket.main.arn","aws_s3_bucket.main"]}`},
	{"aws_security_group", aws, 8, "tags", "", `"description":"managed","egress":[{"cidr_blocks":["0.0.0.0/0"],"description":"","from_port":0,"ipv6_cidr_blocks":[],"protocol":"-1","security_groups":[],"self":false,"to_port":0}],"ingress":[{"cidr_blocks":["10.0.0.0/8"],"description":"https","from_port":443,"ipv6_cidr_blocks":[],"protocol":"tcp","security_groups":[],"self":false,"to_port":443}],"name":"$NAME","revoke_rules_on_delete":false,"vpc_id":"vpc-$ID"`,
		`"ingress":{"constant_value":[]},"name":{"constant_value":"x"},"vpc_id":{"references":["aws_vpc.main.id","aws_vpc.main"]}`},
	{"aws_subnet", aws, 6, "tags", "", `"assign_ipv6_address_on_creation":false,"availability_zone":"$ZONE","cidr_block":"10.0.$N.0/24","enable_dns64":false,"ipv6_native":false,"map_public_ip_on_launch":false,"private_dns_hostname_type_on_launch":"ip-name","vpc_id":"vpc-$ID"`,
		`"cidr_block":{"references":["var.cidr"]},"vpc_id":{"references":["aws_vpc.main.id","aws_vpc.main"]}`},
	{"aws_route_table", aws, 4, "tags", "", `"propagating_vgws":[],"route":[{"cidr_block":"0.0.0.0/0","gateway_id":"","nat_gateway_id":"nat-$ID","network_interface_id":""}],"vpc_id":"vpc-$ID"`,
		`"route":{"references":["aws_nat_gateway.main.id","aws_nat_gateway.main"]},"vpc_id":{"references":["aws_vpc.main.id","aws_vpc.main"]}`},
	{"aws_lb", aws, 3, "tags", "", `"desync_mitigation_mode":"defensive","drop_invalid_header_fields":false,"enable_deletion_protection":true,"enable_http2":true,"idle_timeout":60,"internal":false,"ip_address_type":"ipv4","load_balancer_type":"application","name":"$NAME","security_groups":["sg-$ID"],"subnets":["subnet-$ID","subnet-$ID-b"]`,
		`"load_balancer_type":{"constant_value":"application"},"subnets":{"references":["aws_subnet.main"]}`},
	{"aws_nat_gateway", aws, 2, "tags", "", `"allocation_id":"eipalloc-$ID","connectivity_type":"public","private_ip":"10.0.0.$N","public_ip":"198.51.100.$N","subnet_id":"subnet-$ID"`,
		`"allocation_id":{"references":["aws_eip.main.id","aws_eip.main"]},"subnet_id":{"references":["aws_subnet.main.id","aws_subnet.main"]}`},
	{"aws_cloudwatch_log_group", aws, 8, "tags", "", `"kms_key_id":"","log_group_class":"STANDARD","name":"/aws/lambda/$NAME","name_prefix":"","retention_in_days":30,"skip_destroy":false`,
		`"name":{"references":["var.environment"]},"retention_in_days":{"constant_value":30}`},
	{"aws_cloudwatch_metric_alarm", aws, 4, "tags", "", `"actions_enabled":true,"alarm_name":"$NAME","comparison_operator":"GreaterThanThreshold","dimensions":{"QueueName":"$NAME"},"evaluation_periods":2,"metric_name":"ApproximateAgeOfOldestMessage","namespace":"AWS/SQS","period":60,"statistic":"Maximum","threshold":300`,
		`"alarm_name":{"constant_value":"x"},"threshold":{"constant_value":300}`},
	{"aws_sqs_queue", aws, 4, "tags", "", `"content_based_deduplication":false,"delay_seconds":0,"fifo_queue":false,"kms_master_key_id":"","max_message_size":262144,"message_retention_seconds":345600,"name":"$NAME","receive_wait_time_seconds":0,"sqs_managed_sse_enabled":true,"visibility_timeout_seconds":30`,
		`"name":{"references":["var.environment"]}`},
	{"aws_dynamodb_table", aws, 3, "tags", "", `"attribute":[{"name":"id","type":"S"}],"billing_mode":"PROVISIONED","deletion_protection_enabled":true,"global_secondary_index":[],"hash_key":"id","name":"$NAME","point_in_time_recovery":[{"enabled":true}],"range_key":null,"read_capacity":$SIZE,"stream_enabled":false,"table_class":"STANDARD","write_capacity":$SIZE`,
		`"attribute":[{"name":{"constant_value":"id"},"type":{"constant_value":"S"}}],"billing_mode":{"constant_value":"PROVISIONED"},"read_capacity":{"references":["var.capacity"]}`},
	{"aws_eip", aws, 2, "tags", "", `"address":null,"associate_with_private_ip":null,"domain":"vpc","instance":"","network_border_group":"eu-west-1","public_ip":"203.0.113.$N","public_ipv4_pool":"amazon"`,
		`"domain":{"constant_value":"vpc"}`},
	{"aws_iam_role_policy_attachment", aws, 12, "", "", `"policy_arn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole","role":"$NAME"`,
		`"policy_arn":{"constant_value":"x"},"role":{"references":["aws_iam_role.main.name","aws_iam_role.main"]}`},
	{"aws_route_table_association", aws, 10, "", "", `"gateway_id":"","route_table_id":"rtb-$ID","subnet_id":"subnet-$ID"`,
		`"route_table_id":{"references":["aws_route_table.main.id","aws_route_table.main"]},"subnet_id":{"references":["aws_subnet.main.id","aws_subnet.main"]}`},
	{"aws_kms_key", aws, 2, "tags", "", `"bypass_policy_lockout_safety_check":false,"customer_master_key_spec":"SYMMETRIC_DEFAULT","deletion_window_in_days":30,"description":"$NAME","enable_key_rotation":true,"is_enabled":true,"key_usage":"ENCRYPT_DECRYPT","multi_region":false`,
		`"description":{"constant_value":"x"},"enable_key_rotation":{"constant_value":true}`},
	{"aws_secretsmanager_secret_version", aws, 2, "", "secret_string", `"secret_id":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:$NAME","secret_binary":"","secret_string":"hunter2-$ID","version_stages":["AWSCURRENT"]`,
		`"secret_id":{"references":["aws_secretsmanager_secret.main.id","aws_secretsmanager_secret.main"]},"secret_string":{"references":["var.db_password"]}`},
	{"azurerm_resource_group", azure, 2, "tags", "", `"location":"westeurope","managed_by":"","name":"$NAME"`,
		`"location":{"constant_value":"westeurope"},"name":{"constant_value":"x"}`},
	{"azurerm_linux_virtual_machine", azure, 3, "tags", "admin_password", `"admin_password":"hunter2-$ID","admin_username":"app","location":"westeurope","name":"$NAME","os_disk":[{"caching":"ReadWrite","disk_size_gb":$SIZE,"storage_account_type":"Premium_LRS"}],"priority":"Regular","resource_group_name":"main","size":"$VM","source_image_reference":[{"offer":"0001-com-ubuntu-server-jammy","publisher":"Canonical","sku":"22_04-lts","version":"latest"}]`,
		`"location":{"references":["azurerm_resource_group.main.location","azurerm_resource_group.main"]},"os_disk":[{"caching":{"constant_value":"ReadWrite"},"storage_account_type":{"constant_value":"Premium_LRS"}}],"size":{"references":["var.size"]}`},
	{"azurerm_managed_disk", azure, 2, "tags", "", `"create_option":"Empty","disk_size_gb":$SIZE,"location":"westeurope","name":"$NAME","public_network_access_enabled":true,"resource_group_name":"main","storage_account_type":"Premium_LRS"`,
		`"disk_size_gb":{"constant_value":100},"storage_account_type":{"constant_value":"Premium_LRS"}`},
	{"azurerm_storage_account", azure, 2, "tags", "primary_access_key", `"access_tier":"Hot","account_kind":"StorageV2","account_replication_type":"LRS","account_tier":"Standard","location":"westeurope","min_tls_version":"TLS1_2","name":"st$ID","primary_access_key":"hunter2-$ID","resource_group_name":"main"`,
		`"account_replication_type":{"constant_value":"LRS"},"account_tier":{"constant_value":"Standard"}`},
	{"google_compute_instance", google, 3, "labels", "", `"allow_stopping_for_update":true,"boot_disk":[{"auto_delete":true,"initialize_params":[{"image":"debian-cloud/debian-12","size":$SIZE,"type":"pd-balanced"}],"mode":"READ_WRITE"}],"deletion_protection":false,"machine_type":"$MACHINE","name":"$NAME","network_interface":[{"network":"default","subnetwork":"main"}],"project":"example","scheduling":[{"automatic_restart":true,"preemptible":false}],"zone":"europe-west1-b"`,
		`"boot_disk":[{"initialize_params":[{"image":{"constant_value":"debian-cloud/debian-12"}}]}],"machine_type":{"references":["var.machine"]},"zone":{"constant_value":"europe-west1-b"}`},
	{"google_compute_disk", google, 2, "labels", "", `"name":"$NAME","physical_block_size_bytes":4096,"project":"example","provisioned_iops":0,"size":$SIZE,"type":"pd-ssd","zone":"europe-west1-b"`,
		`"size":{"constant_value":100},"type":{"constant_value":"pd-ssd"}`},
	{"google_storage_bucket", google, 2, "labels", "", `"force_destroy":false,"lifecycle_rule":[],"location":"EU","name":"$NAME-$ID","project":"example","public_access_prevention":"enforced","storage_class":"STANDARD","uniform_bucket_level_access":true`,
		`"location":{"constant_value":"EU"},"name":{"constant_value":"x"}`},
}
