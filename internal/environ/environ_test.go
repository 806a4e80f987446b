package environ

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyFile is a private key as GitHub gives it.
func keyFile(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestConfig: each fault of the environment has its line, and no line shows a value.
func TestConfig(t *testing.T) {
	t.Parallel()
	whole := []string{"PLATFORM_GITHUB_APP_ID=1", "PLATFORM_GITHUB_PRIVATE_KEY_FILE=" + keyFile(t), "PLATFORM_GITHUB_WEBHOOK_SECRET=a,b"}
	for name, c := range map[string]struct {
		environ []string
		faults  []string // in order; none: it is taken
	}{
		"nothing":      {nil, nil},
		"whole":        {whole, nil},
		"id alone":     {whole[:1], []string{"PRIVATE_KEY_FILE is missing", "WEBHOOK_SECRET is missing"}},
		"no id":        {whole[1:], []string{"APP_ID is missing"}},
		"empty secret": {append(whole[:2:2], "PLATFORM_GITHUB_WEBHOOK_SECRET="), []string{"WEBHOOK_SECRET is missing"}},
		"empty part":   {append(whole[:2:2], "PLATFORM_GITHUB_WEBHOOK_SECRET=a,,b"), []string{"has an empty part"}},
		"secret alone": {[]string{"PLATFORM_GITHUB_WEBHOOK_SECRET="}, []string{"APP_ID is missing", "PRIVATE_KEY_FILE is missing", "WEBHOOK_SECRET is missing"}},
		"no key":       {append(whole[:1:1], "PLATFORM_GITHUB_PRIVATE_KEY=canary", whole[2]), []string{"no RSA private key"}},
		"two keys":     {append(whole[:3:3], "PLATFORM_GITHUB_PRIVATE_KEY=canary"), []string{"are both set"}},
		"no such file": {append(whole[:1:1], "PLATFORM_GITHUB_PRIVATE_KEY_FILE=/nowhere", whole[2]), []string{"PRIVATE_KEY_FILE: open"}},
		"no address":   {append(whole[:3:3], "PLATFORM_PUBLIC_URL=platform"), []string{"PUBLIC_URL is no web address"}},
		"no level":     {append(whole[:3:3], "PLATFORM_LOG_LEVEL=loud", "PLATFORM_LOG_FORMAT=xml"), []string{"LOG_FORMAT", "LOG_LEVEL"}},
		"no numbers": {
			append(whole[1:3:3], "PLATFORM_GITHUB_APP_ID=canary", "PLATFORM_ALLOWED_ACCOUNTS=1,canary", "PLATFORM_RETENTION_UPLOADS=canary"),
			[]string{"PLATFORM_GITHUB_APP_ID is no whole number", "PLATFORM_ALLOWED_ACCOUNTS is no list", "PLATFORM_RETENTION_UPLOADS is no duration", "APP_ID is missing"},
		},
		"retention": {
			append(whole[:3:3], "PLATFORM_RETENTION_DELIVERIES=71h", "PLATFORM_RETENTION_REPORTS=-1h", "PLATFORM_RETENTION_UPLOADS=-1h", "PLATFORM_RETENTION_LEDGER=719h"),
			[]string{"shorter than 72h", "REPORTS is negative", "LEDGER is shorter than 720h", "UPLOADS is negative"},
		},
		"short secrets": {append(whole[:3:3], "PLATFORM_ENCRYPTION_KEY_FILE="+whole[1][len("PLATFORM_GITHUB_PRIVATE_KEY_FILE="):]), []string{"does not hold 32 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(c.environ)
			var lines []string
			if err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			if len(lines) != len(c.faults) {
				t.Fatalf("%d faults, want %d:\n%v", len(lines), len(c.faults), err)
			}
			for i, line := range lines {
				if !strings.Contains(line, c.faults[i]) || strings.Contains(line, "canary") {
					t.Errorf("line %d is %q, want %q in it", i, line, c.faults[i])
				}
			}
		})
	}
}

// TestDocumented: each variable is described, once as a row of the reference.
func TestDocumented(t *testing.T) {
	t.Parallel()
	names := Names()
	if len(names) < 15 {
		t.Fatalf("only %d variables: %v", len(names), names)
	}
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.Count(string(text), "| `"+name+"`") != 1 {
			t.Errorf("docs/operations.md does not describe %s in a row of its own", name)
		}
	}
}
