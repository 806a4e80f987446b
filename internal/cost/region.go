package cost

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// providerOf maps a resource type's prefix to the cloud that bills it.
func providerOf(typ string) string {
	prefix, _, _ := strings.Cut(typ, "_")
	switch prefix {
	case "aws":
		return "aws"
	case "azurerm", "azuread", "azapi", "azurestack":
		return "azure"
	case "google":
		return "google"
	}
	return prefix
}

// defaultRegion is what the estimate assumes when nothing says where a resource is: the region in which each
// provider's own pricing pages open.
func defaultRegion(provider string) string {
	switch provider {
	case "aws":
		return "us-east-1"
	case "azure":
		return "eastus"
	case "google":
		return "us-central1"
	}
	return "global"
}

// regionOf finds a resource's region: its own attributes, its ARN or zone, its provider's configuration, else the
// default with an assumption.
func (c *evaluation) regionOf(s *scope, r *rules) (string, error) {
	if r.region != nil {
		f := c.frame(0)
		c.enter(f, s, nil, "", nil)
		v, err := c.run(r.region, f.env)
		if err != nil {
			return "", err
		}
		if region, _ := v.(string); region != "" {
			return regionOfLocation(region), nil
		}
	}
	for _, own := range []struct {
		attribute string
		region    func(string) string
	}{
		{"region", normaliseRegion}, {"location", regionOfLocation}, {"arn", regionOfARN},
		{"availability_zone", regionOfZone}, {"zone", regionOfZone},
	} {
		if own.attribute == "location" && providerOf(s.instance.resource.Type) == "aws" {
			continue // a site of Direct Connect, say: AWS keeps regions elsewhere
		}
		value, st, _ := s.lookup(own.attribute)
		if text, ok := value.(string); ok && st == set {
			if region := own.region(text); region != "" {
				return region, nil
			}
		}
	}
	return c.regionOfProvider(s.instance.resource)
}

func (c *evaluation) regionOfProvider(r *fact.Resource) (string, error) {
	if p, ok := c.universe.plan.Providers[r.ProviderKey]; ok && p.Region != "" {
		return normaliseRegion(p.Region), nil
	}
	cloud := providerOf(r.Type)
	if region := c.universe.shownRegion(r.ProviderKey); region != "" {
		c.assume(fact.Assumption{What: cloud + " region", Value: region, Why: "other resources of the same provider are there, " +
			"and its configuration gives the plan no region"})
		return region, nil
	}
	region := defaultRegion(cloud)
	why := "no region in the resource or its provider's configuration"
	if p, ok := c.universe.plan.Providers[r.ProviderKey]; ok && p.RegionFrom != "" {
		why = p.RegionFrom
	}
	c.assume(fact.Assumption{What: cloud + " region", Value: region, Why: why})
	return region, nil
}

// place finds a region or zone in the raw attributes of a resource.
var place = regexp.MustCompile(`"(?:arn":"arn:aws[a-z-]*:[a-z0-9-]*:([a-z]{2}(?:-[a-z]+)+-[0-9])|availability_zone":"([a-z]{2}(?:-[a-z]+)+-[0-9])|zone":"([a-z]+-[a-z]+[0-9]+)-|location":"([a-z0-9]+)")`)

// shownRegion is the region that most resources of a provider configuration show, where the configuration itself does
// not say; empty when none does.
func (u *universe) shownRegion(key string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if region, ok := u.shown[key]; ok {
		return region
	}
	votes := map[string]int{}
	for i := range u.plan.Resources {
		r := &u.plan.Resources[i]
		if r.ProviderKey != key {
			continue
		}
		for _, raw := range [][]byte{r.Before, r.After} {
			if m := place.FindSubmatch(raw); m != nil {
				votes[string(slices.Concat(m[1:]...))]++
			}
		}
	}
	best := ""
	for _, region := range slices.Sorted(maps.Keys(votes)) {
		if votes[region] > votes[best] {
			best = region
		}
	}
	u.shown[key] = best
	return best
}

// normaliseRegion turns Azure's display names ("West Europe") into region names.
func normaliseRegion(region string) string {
	return strings.ToLower(strings.ReplaceAll(region, " ", ""))
}

// regionOfLocation reads Azure regions and Google regions or zones.
func regionOfLocation(location string) string {
	location = normaliseRegion(location)
	if strings.Count(location, "-") == 2 {
		return regionOfZone(location)
	}
	return location
}

func regionOfARN(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || strings.Count(parts[3], "-") < 2 {
		return ""
	}
	return parts[3]
}

// regionOfZone drops the zone: eu-west-1a, europe-west1-b, and the last part of a self link.
func regionOfZone(zone string) string {
	zone = strings.ToLower(zone[strings.LastIndexByte(zone, '/')+1:])
	dash := strings.LastIndexByte(zone, '-')
	if dash < 0 || len(zone) < 4 {
		return ""
	}
	tail := zone[dash+1:]
	if len(tail) == 1 && tail[0] >= 'a' && tail[0] <= 'z' {
		return zone[:dash]
	}
	if n := len(zone) - 1; zone[n] >= 'a' && zone[n] <= 'z' && zone[n-1] >= '0' && zone[n-1] <= '9' {
		return zone[:n]
	}
	return zone
}
