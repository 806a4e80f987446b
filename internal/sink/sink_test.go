package sink

import (
	"bytes"
	"encoding/json"
	"flag"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
)

//nolint:gochecknoglobals // flags are
var update = flag.Bool("update", false, "write the goldens anew")

// TestConfig reads each file of testdata/config; its first line says what is wrong with it.
func TestConfig(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		want := strings.TrimSpace(strings.TrimPrefix(first, "# want:"))
		list, err := parse(data)
		switch {
		case want == "" && (err != nil || len(list) != 3):
			t.Errorf("%s: %d sinks, %v", file, len(list), err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", file, err, want)
		case err != nil && (strings.Contains(err.Error(), "example") || strings.Contains(err.Error(), "u:p")):
			t.Errorf("%s: the error shows the address: %v", file, err)
		}
	}
}

// TestSecrets takes several, and refuses what could not be a secret.
func TestSecrets(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("s", 32)
	for text, want := range map[string]int{
		long + "\n": 1, long + "\n\n  whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=" + " \n": 2,
		"": 0, "\n\n": 0, "short\n": 0, "whsec_not base64\n": 0, "whsec_QUFB\n": 0, strings.Repeat(long+"\n", 5): 0, strings.Repeat("x", 5000): 0,
	} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := secrets(file)
		if len(got) != want || (err == nil) != (want > 0) {
			t.Errorf("%.20q: %d secrets, %v; want %d", text, len(got), err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "short") || strings.Contains(err.Error(), "QUFB")) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

// TestNetworks is asked about addresses after their names were looked up.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][]Network{
		"93.184.216.34": {Public, Private}, "2606:2800:220:1::1": {Public, Private}, "10.0.0.1": {Private}, "172.16.3.4": {Private}, "192.168.1.1": {Private},
		"fd12::1": {Private}, "127.0.0.1": {Loopback}, "::1": {Loopback}, "::ffff:127.0.0.1": {Loopback}, "::ffff:10.0.0.1": {Private}, "100.64.0.1": {Private},
		"169.254.169.254": nil, "fe80::1": nil, "fd00:ec2::254": nil, "fd20:ce::254": nil, "64:ff9b::a9fe:a9fe": nil, "2002:a9fe:a9fe::1": nil, "100.100.100.200": nil, "168.63.129.16": nil, "::a9fe:a9fe": nil, "0.0.0.0": nil, "::": nil, "224.0.0.1": nil, "ff02::1": nil, "255.255.255.255": nil, "240.0.0.1": nil,
		"0.1.2.3": nil, "64:ff9b::a00:1": {Private}, "2002:a00:1::": {Private}, "::ffff:169.254.169.254": nil,
	} {
		for _, n := range []Network{Public, Private, Loopback} {
			err := n.dial(net.JoinHostPort(address, "443"))
			if (err == nil) != slices.Contains(want, n) {
				t.Errorf("%s in %s: %v", address, n, err)
			}
		}
	}
	if Public.dial("localhost:443") == nil || Network(9).dial("93.184.216.34:443") == nil {
		t.Error("what is not known is admitted")
	}
}

// TestEvents makes the event of each entry in testdata/entries. What others write must not be in it; docs/events.md shows
// each of them as it is.
func TestEvents(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/entries/*.json")
	if err != nil || len(files) < 10 {
		t.Fatal(len(files), err)
	}
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	at := Places{Source: "https://platform.example.com", Pages: "https://platform.example.com", Web: "https://github.com"}
	r := control.Repository{Owner: "acme", Name: "shop"}
	seen := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var entry control.LedgerEntry
		if err := json.Unmarshal(data, &entry); err != nil {
			t.Fatal(file, err)
		}
		kind, _ := kindOf(entry.Kind)
		seen[kind] = true
		made, err := eventOf(at, r, control.Tenant{Installation: 3, Repository: 4}, entry)
		if err != nil {
			t.Fatal(file, err)
		}
		line, err := json.Marshal(made)
		if err != nil {
			t.Fatal(file, err)
		}
		var out bytes.Buffer
		if err := json.Indent(&out, line, "", "  "); err != nil {
			t.Fatal(err)
		}
		out.WriteByte('\n')
		golden := "testdata/events/" + filepath.Base(file)
		if *update {
			if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s:\n%s", golden, diff)
		}
		if bytes.Contains(line, []byte("CANARY")) {
			t.Errorf("%s holds what somebody else wrote", golden)
		}
		if !strings.Contains(string(page), strings.TrimSpace(out.String())) {
			t.Errorf("docs/events.md does not show %s as it is", golden)
		}
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("there is no entry of the kind %s", k)
		}
	}
}

// FuzzParse reads any file: it never panics, and what it takes has a name, an address and a secret.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parse(data)
		if err != nil {
			return
		}
		for _, c := range list {
			if c.check() != nil || !nameForm.MatchString(c.Name) {
				t.Errorf("%+v was taken", c)
			}
		}
	})
}
