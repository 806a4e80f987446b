# METADATA
# title: Resource that holds data is deleted
# description: |
#   Deleting a database, bucket, disk, key, queue or zone is the one change that no second apply brings back. Blocks, so
#   that it is meant and waived; a deposed copy of a replaced resource counts too.
# related_resources:
#   - https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#prevent_destroy
# custom:
#   id: CHG-001
#   severity: block
#   reads:
#     aws_backup_vault: []
#     aws_cloudwatch_log_group: []
#     aws_cognito_user_pool: []
#     aws_db_instance: []
#     aws_docdb_cluster: []
#     aws_dynamodb_table: []
#     aws_ebs_volume: []
#     aws_ecr_repository: []
#     aws_efs_file_system: []
#     aws_elasticache_cluster: []
#     aws_elasticache_replication_group: []
#     aws_elasticsearch_domain: []
#     aws_fsx_lustre_file_system: []
#     aws_fsx_ontap_file_system: []
#     aws_fsx_openzfs_file_system: []
#     aws_fsx_windows_file_system: []
#     aws_keyspaces_table: []
#     aws_kinesis_stream: []
#     aws_kms_key: []
#     aws_memorydb_cluster: []
#     aws_msk_cluster: []
#     aws_neptune_cluster: []
#     aws_opensearch_domain: []
#     aws_rds_cluster: []
#     aws_redshift_cluster: []
#     aws_route53_zone: []
#     aws_s3_bucket: []
#     aws_secretsmanager_secret: []
#     aws_sqs_queue: []
#     aws_ssm_parameter: []
#     aws_timestreamwrite_table: []
#     azurerm_container_registry: []
#     azurerm_cosmosdb_account: []
#     azurerm_cosmosdb_sql_database: []
#     azurerm_dns_zone: []
#     azurerm_eventhub: []
#     azurerm_key_vault: []
#     azurerm_key_vault_key: []
#     azurerm_log_analytics_workspace: []
#     azurerm_managed_disk: []
#     azurerm_mssql_database: []
#     azurerm_mssql_server: []
#     azurerm_mysql_flexible_server: []
#     azurerm_postgresql_flexible_server: []
#     azurerm_postgresql_server: []
#     azurerm_redis_cache: []
#     azurerm_resource_group: []
#     azurerm_servicebus_namespace: []
#     azurerm_storage_account: []
#     azurerm_storage_container: []
#     google_artifact_registry_repository: []
#     google_bigquery_dataset: []
#     google_bigquery_table: []
#     google_bigtable_instance: []
#     google_compute_disk: []
#     google_dns_managed_zone: []
#     google_filestore_instance: []
#     google_firestore_database: []
#     google_kms_crypto_key: []
#     google_pubsub_subscription: []
#     google_pubsub_topic: []
#     google_redis_instance: []
#     google_secret_manager_secret: []
#     google_spanner_database: []
#     google_spanner_instance: []
#     google_sql_database: []
#     google_sql_database_instance: []
#     google_storage_bucket: []
#     kubernetes_persistent_volume: []
#     kubernetes_persistent_volume_claim: []
package platform.rules.change.delete_stateful

import rego.v2

import data.platform.lib

import data.platform.stateful

harmless := {"no-op", "create", "read", "update", "forget", "delete-create", "create-delete"}

# METADATA
# title: The plan deletes it
deny contains finding if {
	some r in suspects
	r.action == "delete"
	finding := lib.finding(r, sprintf("%s is deleted with its data.", [r.address]), "Keep the resource, remove it from state only (`removed` block), or switch the rule off with policies.disable.")
}

# METADATA
# title: The action cannot be read
deny contains lib.unclear_finding(r, "action") if {
	some r in suspects
	not r.action in {"delete", "delete-create", "create-delete"}
}

suspects := [r |
	some type in stateful.types
	some r in input.resources[type]
	not r.action in harmless
]
