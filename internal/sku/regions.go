package sku

import "strings"

// prefixOf is the short name of an AWS region in usage types. The numbers follow the order in which regions opened, so
// most cannot be computed from the region's name.
func prefixOf(region string) string {
	switch region {
	case "eu-west-1":
		return "EU"
	case "ap-southeast-3":
		return "APS4"
	case "ap-south-2":
		return "APS5"
	case "ap-southeast-4":
		return "APS6"
	case "ap-southeast-5":
		return "APS7"
	case "ap-southeast-7":
		return "APS9"
	case "ap-south-1":
		return "APS3"
	case "ca-central-1":
		return "CAN1"
	case "ca-west-1":
		return "CAN2"
	case "us-gov-west-1":
		return "UGW1"
	case "us-gov-east-1":
		return "UGE1"
	}
	parts := strings.Split(region, "-")
	if len(parts) != 3 || len(parts[0]) < 2 || parts[1] == "" || parts[2] == "" {
		return "XXX0"
	}
	direction := strings.ToUpper(parts[1][:1])
	if strings.HasPrefix(parts[1], "southeast") || strings.HasPrefix(parts[1], "south") {
		direction = "S"
	}
	return strings.ToUpper(parts[0][:2]) + direction + parts[2]
}
