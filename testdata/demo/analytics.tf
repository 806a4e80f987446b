# Reporting, on Azure.
resource "azurerm_resource_group" "reports" {
  name     = "shop-reports"
  location = "westeurope"
}

resource "azurerm_storage_account" "reports" {
  name                     = "larkspurreports"
  resource_group_name      = azurerm_resource_group.reports.name
  location                 = azurerm_resource_group.reports.location
  account_tier             = "Standard"
  account_replication_type = "ZRS"
  min_tls_version          = "TLS1_2"
}

resource "azurerm_linux_virtual_machine" "reports" {
  name                = "reports"
  resource_group_name = azurerm_resource_group.reports.name
  location            = azurerm_resource_group.reports.location
  size                = "Standard_D4s_v5"
  admin_username      = "reports"
  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
    disk_size_gb         = 128
  }
}

resource "azurerm_managed_disk" "reports" {
  name                 = "reports-data"
  resource_group_name  = azurerm_resource_group.reports.name
  location             = azurerm_resource_group.reports.location
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  disk_size_gb         = 512
}

resource "azurerm_public_ip" "reports" {
  name                = "reports"
  resource_group_name = azurerm_resource_group.reports.name
  location            = azurerm_resource_group.reports.location
  allocation_method   = "Static"
  sku                 = "Standard"
}

# Search ranking, on Google Cloud.
resource "google_compute_instance" "ranking" {
  name         = "ranking"
  machine_type = "n2-standard-8"
  zone         = "europe-west1-b"
  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
      size  = 50
      type  = "pd-ssd"
    }
  }
  network_interface {
    network = "default"
  }
}

resource "google_compute_disk" "index" {
  name = "index"
  type = "pd-ssd"
  zone = "europe-west1-b"
  size = 500
}

resource "google_storage_bucket" "models" {
  name                        = "larkspur-ranking-models"
  location                    = "EU"
  uniform_bucket_level_access = true
}

resource "google_compute_address" "ranking" {
  name   = "ranking"
  region = "europe-west1"
}
