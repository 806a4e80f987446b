package priceserve

import (
	"strings"
	"testing"
)

// TestRegex holds JavaScript's answers, for the forms that askers use.
func TestRegex(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regex, value string
		want         bool
	}{
		{"/gp2/i", "GP2", true},
		{"/gp2/", "GP2", false},
		{"//i", "anything", true},
		{"//i", "", true},
		{`/\-RDS\:GP3\-Storage$/`, "USE1-RDS:GP3-Storage", true},
		{`/\-RDS\:GP3\-Storage$/`, "USE1-RDS:Multi-AZ-GP3-Storage", false},
		{`/^([A-Z]{3}\d-|Global-|EU-)?LoadBalancerUsage$/`, "EU-LoadBalancerUsage", true},
		{`/^([A-Z]{3}\d-|Global-|EU-)?LoadBalancerUsage$/`, "TS-LoadBalancerUsage", false},
		{`/^(?!.*China free tier).*$/`, "Lambda function", true},
		{`/^(?!.*China free tier).*$/`, "a China free tier of it", false},
		{`/^(?!.*(Expired|Free)$).*$/i`, "D2s v5 - free", false},
		{`/^(?!.*(Expired|Free)$).*$/i`, "D2s v5", true},
		{`/(?<!IA-)TimedStorage-ByteHrs$/`, "EU-TimedStorage-ByteHrs", true},
		{`/(?<!IA-)TimedStorage-ByteHrs$/`, "EU-IA-TimedStorage-ByteHrs", false},
		{`/(?<!Iterative) Write Operations$/`, "Hot Iterative Write Operations", false},
		{`/(?<!Iterative) Write Operations$/`, "Hot Write Operations", true},
		{`/^(?!.*?\(Early Delete\))/`, "Nearline Storage (Early Delete)", false},
		{`/^(?!.*?\(Early Delete\))/`, "Nearline Storage", true},
		{`/^(?:(?!Tagging).)* Class A/`, "Regional Storage Class A Operations", true},
		{`/^(?:(?!Tagging).)* Class A/`, "Tagging Storage Class A Operations", false},
		{`/^(?:(?!Tagging).)* Class A/`, "Storage Class A Tagging", true},
		{`/^(?:(?!Tagging).)* Class A/`, "Storage Class B", false},
		{`/Cloud SQL for MySQL: Zonal(?! - Extended).*/`, "Cloud SQL for MySQL: Zonal - Micro", true},
		{`/Cloud SQL for MySQL: Zonal(?! - Extended).*/`, "Cloud SQL for MySQL: Zonal - Extended Micro", false},
		{`/^(?=.*a)(?!.*b)x/`, "xa", true},
		{`/^(?=.*a)(?!.*b)x/`, "xab", false},
		{`/a\/b/`, "a/b", true},
		{"bare$", "a bare", true},
	} {
		p, err := parseRegex(c.regex)
		if err != nil {
			t.Errorf("%s: %v", c.regex, err)
			continue
		}
		if got := p.match(c.value); got != c.want {
			t.Errorf("%s on %q: got %v", c.regex, c.value, got)
		}
	}
}

func TestRegexThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, regex := range []string{"/(/", "/a/x", `/(a)\1/`, "/a(?!b)c/", "/a(?<!b)c/", "/^(?!a/", "/" + strings.Repeat("a", 2001) + "/", "/a{1001}/", "/^((?!a)b)*/"} {
		if _, err := parseRegex(regex); err == nil {
			t.Errorf("%.40s was read", regex)
		}
	}
}

// FuzzRegex: whatever is read answers, and in time.
func FuzzRegex(f *testing.F) {
	f.Add("/^(?:(?!Tagging).)* Class A/i", "Storage Class A")
	f.Add("/(a*)*$/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")
	f.Add("/(?<!x)(?!y)/", "xy")
	f.Fuzz(func(_ *testing.T, regex, value string) {
		if p, err := parseRegex(regex); err == nil {
			p.match(value[:min(len(value), 300)])
		}
	})
}
