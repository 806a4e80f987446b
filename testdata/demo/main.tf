# A web shop on three clouds: the shop itself on AWS, reporting on Azure, search ranking on Google Cloud.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws     = { source = "hashicorp/aws", version = "~> 5.60" }
    azurerm = { source = "hashicorp/azurerm", version = "~> 3.110" }
    google  = { source = "hashicorp/google" }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = {
      owner       = "shop"
      cost-center = "4711"
    }
  }
}

provider "azurerm" {
  features {}
}

provider "google" {
  project = "larkspur-search"
  region  = "europe-west1"
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "db_password" {
  type      = string
  sensitive = true
}

variable "web_instance_type" {
  type    = string
  default = "m6i.large"
}
