// Package sink tells the entries of the ledger to those who listen: as signed CloudEvents, at least once, and in order for
// each repository.
package sink

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Network is which addresses a sink may have. The zero value is the strictest.
type Network uint8

// The networks. Link-local addresses, where clouds keep credentials, are in none of them.
const (
	Public   Network = iota
	Private          // and addresses of private networks
	Loopback         // this machine alone, and then without TLS too
)

// UnmarshalText reads a network's name.
func (n *Network) UnmarshalText(text []byte) error {
	switch string(text) {
	case "public":
		*n = Public
	case "private":
		*n = Private
	case "loopback":
		*n = Loopback
	default:
		return fmt.Errorf("network is none of public, private and loopback")
	}
	return nil
}

// Config is one sink.
type Config struct {
	Name       string   `yaml:"name"`
	URL        string   `yaml:"url"`
	SecretFile string   `yaml:"secret_file"` // a secret a line; each of them signs
	Kinds      []string `yaml:"kinds"`       // none: all
	Network    Network  `yaml:"network"`
}

// Bounds of the file.
const (
	maxSinks  = 16 // each is a label of metrics, and a task for each entry of the ledger
	maxFile   = 1 << 20
	minSecret = 24 // bytes, as Standard Webhooks asks
	maxSecret = 4 << 10
)

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Load reads the sinks' file, and every secret once: a sink that could not sign is found at the start. The error has one
// line for each fault, and no secret; relative names of secrets are meant from the file's folder.
func Load(file string) ([]Config, error) {
	if file == "" {
		return nil, nil
	}
	data, err := readBounded(file, maxFile)
	if err != nil {
		return nil, err
	}
	list, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var faults []error
	for i := range list {
		if list[i].SecretFile != "" && !filepath.IsAbs(list[i].SecretFile) {
			list[i].SecretFile = filepath.Join(filepath.Dir(file), list[i].SecretFile)
		}
		if _, err := secrets(list[i].SecretFile); err != nil {
			faults = append(faults, fmt.Errorf("%s: sink %s: %w", file, list[i].Name, err))
		}
	}
	return list, errors.Join(faults...)
}

func readBounded(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", file, limit)
	}
	return data, err
}

// parse reads the form of the file.
func parse(data []byte) ([]Config, error) {
	var read struct {
		Sinks []Config `yaml:"sinks"`
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&read); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(read.Sinks) == 0 {
		return nil, errors.New("it names no sink: write `sinks:` and below it `- {name: …, url: …, secret_file: …}`, or unset the variable")
	}
	if len(read.Sinks) > maxSinks {
		return nil, fmt.Errorf("it names %d sinks, of %d allowed", len(read.Sinks), maxSinks)
	}
	var faults []error
	seen := map[string]bool{}
	for i, c := range read.Sinks {
		if !nameForm.MatchString(c.Name) {
			faults = append(faults, fmt.Errorf("sink %d: the name is not of a-z, 0-9 and -, up to 40 of them", i+1))
			continue
		}
		if seen[c.Name] {
			faults = append(faults, fmt.Errorf("sink %s is there twice", c.Name))
		}
		seen[c.Name] = true
		if err := c.check(); err != nil {
			faults = append(faults, fmt.Errorf("sink %s: %w", c.Name, err))
		}
	}
	return read.Sinks, errors.Join(faults...)
}

// check says what is wrong, without the address: it may hold a token.
func (c Config) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("url is no web address: write https://HOST/PATH")
	case u.User != nil:
		return errors.New("url holds a user or a password: the signature says who sends")
	case u.Fragment != "":
		return errors.New("url has a part after #, which is never sent")
	case u.Scheme == "http" && c.Network != Loopback:
		return errors.New("url is not https: without it only an address of this machine is taken, with `network: loopback`")
	case net.ParseIP(u.Hostname()) != nil && !c.Network.admits(net.ParseIP(u.Hostname())):
		return fmt.Errorf("the address of url is not in the network %s", c.Network)
	case c.SecretFile == "":
		return errors.New("secret_file is missing: nothing is sent without a signature")
	}
	for _, k := range c.Kinds {
		if !slices.Contains(Kinds(), k) {
			return fmt.Errorf("kind %.40q is none of %s", k, strings.Join(Kinds(), ", "))
		}
	}
	return nil
}

// String is the network's name.
func (n Network) String() string {
	switch n {
	case Public:
		return "public"
	case Private:
		return "private"
	case Loopback:
		return "loopback"
	}
	return "unknown"
}

// admits decides on an address after its name was looked up. One that stands for an IPv4 address is judged as that, too.
func (n Network) admits(ip net.IP) bool {
	if v4 := embedded(ip); v4 != nil && !n.admits(v4) {
		return false
	}
	switch n {
	case Loopback:
		return ip.IsLoopback()
	case Private:
		return ip.IsGlobalUnicast() && !reserved(ip)
	case Public:
		return ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared(ip) && !reserved(ip)
	}
	return false
}

// embedded is the IPv4 address that an IPv6 one leads to: by NAT64, 6to4 and in the form that was given up; nil: none.
func embedded(ip net.IP) net.IP {
	switch {
	case ip.To4() != nil || ip.Equal(net.IPv6loopback) || ip.Equal(net.IPv6unspecified):
		return nil
	case inside(ip, "64:ff9b::/96"), inside(ip, "::/96"):
		return net.IPv4(ip[12], ip[13], ip[14], ip[15])
	case inside(ip, "2002::/16"):
		return net.IPv4(ip[2], ip[3], ip[4], ip[5])
	}
	return nil
}

// shared are addresses between a carrier and its customers, and those that stand for IPv4 ones.
func shared(ip net.IP) bool {
	v4 := ip.To4()
	if v4 != nil {
		return v4[0] == 100 && v4[1]&0xc0 == 64
	}
	return inside(ip, "64:ff9b::/32") || inside(ip, "2002::/16")
}

// reserved are addresses that are nobody's, and those at which clouds keep credentials although they look like others.
func reserved(ip net.IP) bool {
	for _, cloud := range []string{"fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"} { // AWS, Google, Alibaba, Azure
		if ip.Equal(net.ParseIP(cloud)) {
			return true
		}
	}
	v4 := ip.To4()
	if v4 != nil {
		return v4[0] == 0 || v4[0] >= 240
	}
	return inside(ip, "2001::/32")
}

func inside(ip net.IP, prefix string) bool {
	_, n, err := net.ParseCIDR(prefix)
	return err == nil && n.Contains(ip)
}

// secrets are read anew for each delivery: a new one counts at once, and beside the old one.
func secrets(file string) ([][]byte, error) {
	data, err := readBounded(file, maxSecret)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		secret := []byte(line)
		if coded, ok := strings.CutPrefix(line, "whsec_"); ok {
			if secret, err = base64.StdEncoding.DecodeString(coded); err != nil {
				return nil, fmt.Errorf("%s: what follows whsec_ is no base64", file)
			}
		}
		if len(secret) < minSecret {
			return nil, fmt.Errorf("%s: a secret has %d bytes, and must have %d: make one with `echo whsec_$(openssl rand -base64 32)`", file, len(secret), minSecret)
		}
		out = append(out, secret)
	}
	if len(out) == 0 || len(out) > 4 {
		return nil, fmt.Errorf("%s holds %d secrets: write one a line, and two while one is replaced", file, len(out))
	}
	return out, nil
}
