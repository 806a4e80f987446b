package main

const intro = `# Supported resources

This page is made from the catalogue: ` + "`go run ./tools/resourcedocs > docs/supported-resources.md`" + `.

A type that is neither here nor in the list of free types is **unpriced**: it is counted and named, and never $0. You can
price it yourself, without a rebuild: [entries of your own](../internal/cost/catalog/README.md#entries-of-your-own). A
price that a type needs and that the [price book](../internal/price/README.md) does not have makes its line unpriced, too.
`

const agreement = `
## How far it agrees
` + "`make cases CASES=DIR`" + ` compares with a folder of plans for which another estimator's lines are known: address, unit and
quantity (within 1 ‰), each line once, extra lines counted against us. Over 163 plans with 180 types, 97.4 % of 5,181 lines
agree, and 91 % of those that have a price agree in money, too; the other prices are of another day. Where we differ on
purpose, we follow the provider's own pages:

| type | lines | why |
|---|--:|---|
| azurerm_storage_account | 68 | the second tier of blobs holds 450 TB, which is 460,800 GB, not 512,000; GZRS and RA-GZRS have prices; writing data into the cool tier of a BlobStorage account costs |
| aws_elasticsearch_domain | 14 | each node has a volume of its own |
| aws_elastic_beanstalk_environment | 5 | without a type AWS makes an application load balancer; CPU credits of burstable types are charged |
| aws_neptune_cluster, aws_neptune_cluster_instance | 5 | I/O-optimized storage has its own rates and no I/O charge; CPU credits are hours, not hours times 730 |
| aws_dynamodb_table | 4 | the replicas of a provisioned table pay for reads |
| aws_redshift_cluster | 4 | 450 TB are 460,800 GB |
| aws_eip | 3 | an address in use costs what an idle one does, since February 2024 |
| aws_rds_cluster | 4 | I/O-optimized Aurora has no I/O charge; backtrack is offered in São Paulo |
| azurerm_frontdoor | 4 | usage that was given for a zone without a known price is shown as unpriced |
| azurerm_traffic_manager_profile | 4 | one plan's expectation leaves the profiles out |
| azurerm_lb, azurerm_lb_rule | 5 | without a SKU the provider makes a Standard load balancer since version 4 |
| google_compute_instance, google_container_cluster | 5 | E2 custom machines are priced, and so are the disks of nodes whose machine type is not known |
| azurerm_cdn_endpoint, azurerm_image, azurerm_security_center_subscription_pricing, azurerm_virtual_hub, aws_instance, aws_lambda_provisioned_concurrency_config | 11 | one to two lines each: unbounded last tiers, values that a plan does not hold, plans and hubs that are billed by default |
`
