// Package environ reads the server's settings from environment variables: all of them, or one line for each fault.
package environ

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/golang-jwt/jwt/v4"

	"github.com/org/platform-action/internal/gate/seal"
)

// Config is what the environment says. Every field's name is part of the product's contract; docs/operations.md describes them.
type Config struct {
	Listen        string `env:"PLATFORM_LISTEN"         envDefault:"127.0.0.1:8080"`
	MetricsListen string `env:"PLATFORM_METRICS_LISTEN" envDefault:"127.0.0.1:9090"`
	PublicURL     string `env:"PLATFORM_PUBLIC_URL"`
	DatabaseURL   string `env:"PLATFORM_DATABASE_URL"   envDefault:"sqlite:platform.db"`

	AppID          int64    `env:"PLATFORM_GITHUB_APP_ID"`
	PrivateKeyText string   `env:"PLATFORM_GITHUB_PRIVATE_KEY"`
	PrivateKeyFile string   `env:"PLATFORM_GITHUB_PRIVATE_KEY_FILE"`
	WebhookSecrets []string `env:"PLATFORM_GITHUB_WEBHOOK_SECRET"`

	WebhookSecretFile string `env:"PLATFORM_GITHUB_WEBHOOK_SECRET_FILE"`
	APIURL            string `env:"PLATFORM_GITHUB_API_URL" envDefault:"https://api.github.com"`

	OAuthClientID     string `env:"PLATFORM_OAUTH_CLIENT_ID"`
	OAuthClientSecret string `env:"PLATFORM_OAUTH_CLIENT_SECRET"`
	OperatorsTeam     string `env:"PLATFORM_OPERATORS_TEAM"`

	OAuthClientSecretFile string `env:"PLATFORM_OAUTH_CLIENT_SECRET_FILE"`

	AllowedAccounts []int64 `env:"PLATFORM_ALLOWED_ACCOUNTS"`
	PolicyRepo      string  `env:"PLATFORM_POLICY_REPO" envDefault:".github"`

	EncryptionKeyFile string    `env:"PLATFORM_ENCRYPTION_KEY_FILE"`
	SigningKeyFile    string    `env:"PLATFORM_SIGNING_KEY_FILE"`
	TrustedRootFile   string    `env:"PLATFORM_TRUSTED_ROOT_FILE"`
	EventSinksFile    string    `env:"PLATFORM_EVENT_SINKS_FILE"`
	LogFormat         string    `env:"PLATFORM_LOG_FORMAT" envDefault:"text"`
	LogLevel          string    `env:"PLATFORM_LOG_LEVEL"  envDefault:"info"`
	Retention         Retention `envPrefix:"PLATFORM_RETENTION_"`

	PrivateKey    *rsa.PrivateKey `env:"-"`
	EncryptionKey []byte          `env:"-"` // 32 bytes; empty: no credentials are kept
	SigningKeys   seal.Ring       `env:"-"` // zero: nothing is signed
	TrustedRoot   []byte          `env:"-"` // of those who sign how artifacts are built; nil: nobody is trusted
	Level         slog.Level      `env:"-"`
	secretSet     bool            // the variable is there, even if it is empty
}

// Retention says how long things are kept, as durations such as 336h.
type Retention struct {
	Deliveries time.Duration `env:"DELIVERIES"`
	Reports    time.Duration `env:"REPORTS"`
	Ledger     time.Duration `env:"LEDGER"`
	Uploads    time.Duration `env:"UPLOADS"`
	Evidence   time.Duration `env:"EVIDENCE"`
}

// Load reads the environment. The error has one line for each fault, and never a value that may be secret.
func Load(variables []string) (Config, error) {
	var c Config
	vars := env.ToMap(variables)
	var faults []error
	if err := env.ParseWithOptions(&c, env.Options{Environment: vars}); err != nil {
		faults = append(faults, parseFaults(err)...)
	}
	_, c.secretSet = vars["PLATFORM_GITHUB_WEBHOOK_SECRET"]
	faults = append(faults, c.readKeys()...)
	faults = append(faults, c.readSecrets()...)
	faults = append(faults, c.check()...)
	if len(faults) == 0 {
		return c, nil
	}
	var lines []string
	for _, f := range faults {
		lines = append(lines, "configuration: "+strings.ReplaceAll(f.Error(), "\n", " "))
	}
	return c, errors.New(strings.Join(lines, "\n"))
}

// Places are where the database is and where the server listens, whatever else is configured: for what needs no more.
func Places(variables []string) (databaseURL, listen string, err error) {
	var c struct {
		DatabaseURL string `env:"PLATFORM_DATABASE_URL" envDefault:"sqlite:platform.db"`
		Listen      string `env:"PLATFORM_LISTEN"       envDefault:"127.0.0.1:8080"`
	}
	err = env.ParseWithOptions(&c, env.Options{Environment: env.ToMap(variables)})
	return c.DatabaseURL, c.Listen, err
}

func parseFaults(err error) []error {
	if list, ok := errors.AsType[env.AggregateError](err); ok {
		var out []error
		for _, e := range list.Errors {
			out = append(out, parseFault(e))
		}
		return out
	}
	return []error{parseFault(err)}
}

// parseFault names the variable, not our field, and shows no value.
func parseFault(err error) error {
	e, ok := errors.AsType[env.ParseError](err)
	if !ok {
		return err
	}
	name := variableOf(reflect.TypeFor[Config](), "", e.Name)
	switch e.Type {
	case reflect.TypeFor[time.Duration]():
		return fmt.Errorf("%s is no duration such as 336h", name)
	case reflect.TypeFor[int64]():
		return fmt.Errorf("%s is no whole number", name)
	case reflect.TypeFor[[]int64]():
		return fmt.Errorf("%s is no list of whole numbers, separated by commas", name)
	}
	return fmt.Errorf("%s cannot be read", name)
}

// variableOf finds the variable behind a field.
func variableOf(t reflect.Type, prefix, field string) string {
	for f := range t.Fields() {
		if f.Name == field && f.Tag.Get("env") != "" {
			return prefix + f.Tag.Get("env")
		}
		if inner := f.Tag.Get("envPrefix"); inner != "" {
			if name := variableOf(f.Type, prefix+inner, field); name != "" {
				return name
			}
		}
	}
	return ""
}

// Unset reports that nothing of the App's own credentials is given: then the server helps to set the App up.
func (c *Config) Unset() bool {
	return c.AppID == 0 && c.PrivateKey == nil && c.PrivateKeyText == "" && c.PrivateKeyFile == "" && !c.secretSet && c.WebhookSecretFile == ""
}

func (c *Config) readKeys() []error {
	var faults []error
	text := c.PrivateKeyText
	if c.PrivateKeyFile != "" {
		if text != "" {
			faults = append(faults, errors.New("PLATFORM_GITHUB_PRIVATE_KEY and PLATFORM_GITHUB_PRIVATE_KEY_FILE are both set: keep one"))
		}
		data, err := readSecret(c.PrivateKeyFile)
		if err != nil {
			faults = append(faults, fmt.Errorf("PLATFORM_GITHUB_PRIVATE_KEY_FILE: %w", err))
		}
		text = string(data)
	}
	if text != "" {
		var err error
		if c.PrivateKey, err = parseKey(text); err != nil {
			faults = append(faults, err)
		}
	}
	if c.EncryptionKeyFile != "" {
		var err error
		if c.EncryptionKey, err = readEncryptionKey(c.EncryptionKeyFile); err != nil {
			faults = append(faults, err)
		}
	}
	if c.SigningKeyFile != "" {
		data, err := os.ReadFile(c.SigningKeyFile)
		if err == nil {
			c.SigningKeys, err = seal.ParseRing(data)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("PLATFORM_SIGNING_KEY_FILE: %w", err))
		}
	}
	if c.TrustedRootFile != "" {
		data, err := os.ReadFile(c.TrustedRootFile)
		if err == nil && len(data) == 0 {
			err = errors.New("it is empty: write it with `gh attestation trusted-root`")
		}
		if c.TrustedRoot = data; err != nil {
			faults = append(faults, fmt.Errorf("PLATFORM_TRUSTED_ROOT_FILE: %w", err))
		}
	}
	return faults
}

// readSecrets reads what may stand in a file in place of a variable.
func (c *Config) readSecrets() []error {
	var faults []error
	fail := func(name string, err error) { faults = append(faults, fmt.Errorf("%s: %w", name, err)) }
	if file := c.WebhookSecretFile; file != "" {
		if c.secretSet {
			faults = append(faults, errors.New("PLATFORM_GITHUB_WEBHOOK_SECRET and PLATFORM_GITHUB_WEBHOOK_SECRET_FILE are both set: keep one"))
		}
		text, err := readSecret(file)
		if err == nil {
			c.WebhookSecrets, err = parseSecrets(string(text))
		}
		if err != nil {
			fail("PLATFORM_GITHUB_WEBHOOK_SECRET_FILE", err)
		}
	}
	if file := c.OAuthClientSecretFile; file != "" {
		if c.OAuthClientSecret != "" {
			faults = append(faults, errors.New("PLATFORM_OAUTH_CLIENT_SECRET and PLATFORM_OAUTH_CLIENT_SECRET_FILE are both set: keep one"))
		}
		text, err := readSecret(file)
		if err == nil {
			c.OAuthClientSecret, err = parseSecret(string(text))
		}
		if err != nil {
			fail("PLATFORM_OAUTH_CLIENT_SECRET_FILE", err)
		}
	}
	return faults
}

// parseKey takes the key as GitHub gives it; \n may stand for line ends, as secret stores write them.
func parseKey(text string) (*rsa.PrivateKey, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if err != nil {
		return nil, errors.New("PLATFORM_GITHUB_PRIVATE_KEY is no RSA private key in PEM form: copy the .pem file that GitHub gave, whole")
	}
	return key, nil
}

// readEncryptionKey takes 32 bytes: raw, in hexadecimal or in base64.
func readEncryptionKey(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("PLATFORM_ENCRYPTION_KEY_FILE: %w", err)
	}
	if len(data) == 32 {
		return data, nil
	}
	text := strings.TrimSpace(string(data))
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
		if key, err := decode(text); err == nil && len(key) == 32 {
			return key, nil
		}
	}
	return nil, errors.New("PLATFORM_ENCRYPTION_KEY_FILE does not hold 32 bytes: make one with `openssl rand -hex 32`")
}

var teamForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[a-z0-9][a-z0-9_-]{0,99}$`)

func (c *Config) check() []error {
	var faults []error
	add := func(bad bool, text string) {
		if bad {
			faults = append(faults, errors.New(text))
		}
	}
	if !c.Unset() {
		add(c.AppID <= 0, "PLATFORM_GITHUB_APP_ID is missing: it stands on the App's page at GitHub")
		add(c.PrivateKey == nil && c.PrivateKeyText == "" && c.PrivateKeyFile == "", "PLATFORM_GITHUB_PRIVATE_KEY or PLATFORM_GITHUB_PRIVATE_KEY_FILE is missing")
		empty := len(c.WebhookSecrets) == 0
		for _, s := range c.WebhookSecrets {
			empty = empty || strings.TrimSpace(s) == ""
		}
		add(empty && c.WebhookSecretFile == "", "PLATFORM_GITHUB_WEBHOOK_SECRET is missing or has an empty part: without it anybody could send webhooks")
	}
	add(c.Retention.Deliveries != 0 && c.Retention.Deliveries < redelivered, "PLATFORM_RETENTION_DELIVERIES is shorter than 72h: GitHub delivers again for three days, and what comes again must be known")
	add(c.Retention.Reports < 0, "PLATFORM_RETENTION_REPORTS is negative")
	add(c.Retention.Ledger != 0 && c.Retention.Ledger < reported, "PLATFORM_RETENTION_LEDGER is shorter than 720h: gate simulate tells of the last 30 days, and reads what the ledger says")
	add(c.Retention.Uploads < 0, "PLATFORM_RETENTION_UPLOADS is negative")
	add(c.LogFormat != "text" && c.LogFormat != "json", "PLATFORM_LOG_FORMAT is neither text nor json")
	add(c.Level.UnmarshalText([]byte(c.LogLevel)) != nil, "PLATFORM_LOG_LEVEL is none of debug, info, warn and error")
	add((c.OAuthClientID == "") != (c.OAuthClientSecret == "" && c.OAuthClientSecretFile == ""), "PLATFORM_OAUTH_CLIENT_ID and PLATFORM_OAUTH_CLIENT_SECRET belong together, and one of them is missing: both stand on the App's page at GitHub")
	add(c.OperatorsTeam != "" && !teamForm.MatchString(c.OperatorsTeam), "PLATFORM_OPERATORS_TEAM is no ORG/TEAM, such as acme/platform: the team's name as it stands in its address at GitHub")
	for _, u := range []struct{ name, value string }{{"PLATFORM_GITHUB_API_URL", c.APIURL}, {"PLATFORM_PUBLIC_URL", c.PublicURL}} {
		parsed, err := url.Parse(u.value)
		add(u.value != "" && (err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http"), u.name+" is no web address")
	}
	return faults
}

const (
	redelivered = 72 * time.Hour      // how long GitHub delivers again
	reported    = 30 * 24 * time.Hour // what gate simulate tells of
)

// githubAPI is that of github.com; every other address is one of GitHub Enterprise Server.
const githubAPI = "https://api.github.com"

// WebURL is where people see what the API speaks of.
func (c *Config) WebURL() string {
	if c.APIURL == githubAPI {
		return "https://github.com"
	}
	return strings.TrimSuffix(strings.TrimSuffix(c.APIURL, "/"), "/api/v3")
}

// SignInMissing lists the variables without which nobody can sign in; none: people can.
func (c *Config) SignInMissing() []string {
	var missing []string
	for _, v := range []struct {
		name string
		set  bool
	}{
		{"PLATFORM_PUBLIC_URL", c.PublicURL != ""}, {"PLATFORM_OAUTH_CLIENT_ID", c.OAuthClientID != ""},
		{"PLATFORM_OAUTH_CLIENT_SECRET", c.OAuthClientSecret != ""}, {"PLATFORM_ENCRYPTION_KEY_FILE", len(c.EncryptionKey) > 0},
	} {
		if !v.set {
			missing = append(missing, v.name)
		}
	}
	return missing
}

// TokenIssuer is whose identity tokens of workflow runs are: empty for github.com.
func (c *Config) TokenIssuer() string {
	if c.APIURL == githubAPI {
		return ""
	}
	return c.WebURL() + "/_services/token"
}

// Names are all variables that are read, in the order of Config.
func Names() []string {
	fields, err := env.GetFieldParams(&Config{})
	if err != nil {
		return nil // the fields are ours: a test sees it
	}
	var names []string
	for _, f := range fields {
		if f.Key != "" && f.Key != "-" {
			names = append(names, f.Key)
		}
	}
	return names
}
