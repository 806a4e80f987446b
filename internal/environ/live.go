package environ

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

const (
	// heldFor is how long a secret is used before its file is looked at again.
	heldFor = time.Second

	// maxSecret is far more than any key or list of secrets; a file that is larger is none.
	maxSecret = 64 << 10
)

// Live are the secrets that may be replaced while the server runs. Each comes from its file, read again when that
// changed, or is what the environment said for good. It is safe for concurrent use.
type Live struct {
	key     *held[*rsa.PrivateKey]
	webhook *held[[]string]
	oauth   *held[string]
	signing *held[seal.Ring]
}

// Live gives the secrets of a configuration that Load took.
func (c *Config) Live(now func() time.Time, log *slog.Logger) *Live {
	return &Live{
		key:     hold(c.PrivateKeyFile, "PLATFORM_GITHUB_PRIVATE_KEY_FILE", c.PrivateKey, parseKey, now, log),
		webhook: hold(c.WebhookSecretFile, "PLATFORM_GITHUB_WEBHOOK_SECRET_FILE", c.WebhookSecrets, parseSecrets, now, log),
		oauth:   hold(c.OAuthClientSecretFile, "PLATFORM_OAUTH_CLIENT_SECRET_FILE", c.OAuthClientSecret, parseSecret, now, log),
		signing: hold(c.SigningKeyFile, "PLATFORM_SIGNING_KEY_FILE", c.SigningKeys, parseRing, now, log),
	}
}

// PrivateKey signs what the App asks GitHub.
func (l *Live) PrivateKey() *rsa.PrivateKey { return l.key.get() }

// WebhookSecrets are those of which any may have signed a delivery.
func (l *Live) WebhookSecrets() []string { return l.webhook.get() }

// OAuthClientSecret is what people are signed in with.
func (l *Live) OAuthClientSecret() string { return l.oauth.get() }

// SigningKeys are the key that signs answers to jobs, and those before it.
func (l *Live) SigningKeys() seal.Ring { return l.signing.get() }

func parseRing(text string) (seal.Ring, error) { return seal.ParseRing([]byte(text)) }

// held is one secret. What its file no longer says well is not let go: a half-written or deleted file must stop nothing.
type held[T any] struct {
	file, name string
	parse      func(text string) (T, error)
	now        func() time.Time
	log        *slog.Logger

	mu     sync.Mutex // guards what follows
	value  T
	text   []byte    // as it was read last, well or not; nil: never
	looked time.Time // zero: never
	failed string    // why the file cannot be used, as it was told
}

func hold[T any](file, name string, value T, parse func(string) (T, error), now func() time.Time, log *slog.Logger) *held[T] {
	return &held[T]{file: file, name: name, value: value, parse: parse, now: now, log: log}
}

func (h *held[T]) get() T {
	if h.file == "" {
		return h.value
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := h.now(); h.looked.IsZero() || at.Sub(h.looked) >= heldFor || at.Before(h.looked) {
		h.looked = at
		h.look()
	}
	return h.value
}

// look reads the file, however its time stamp stands: a secret mount of an orchestrator changes a link.
func (h *held[T]) look() {
	text, err := readSecret(h.file)
	switch {
	case err != nil:
		h.tell(err)
		return
	case bytes.Equal(text, h.text):
		return
	}
	first := h.text == nil // the start has read it a moment ago
	h.text = text
	value, err := h.parse(string(text))
	if err != nil {
		h.tell(err)
		return
	}
	h.value = value
	if !first || h.failed != "" {
		h.log.Info("a secret was read again: its file changed", "variable", h.name)
	}
	h.failed = ""
}

// tell says once why the file cannot be used. Neither error nor log ever has what is in it.
func (h *held[T]) tell(err error) {
	if err.Error() == h.failed {
		return
	}
	h.failed = err.Error()
	h.log.Error("a secret's file cannot be used: what it held before stays in use", "variable", h.name, "error", h.failed)
}

func readSecret(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSecret {
		return nil, fmt.Errorf("%s is larger than %d bytes", file, maxSecret)
	}
	return text, nil
}

// parseSecrets takes one secret a line, or several with commas between them. An empty one would let anybody sign.
func parseSecrets(text string) ([]string, error) {
	var out []string
	for line := range strings.Lines(text) {
		for part := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it holds no secret: write one a line")
	}
	return out, nil
}

func parseSecret(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return "", errors.New("it does not hold one line")
	}
	return text, nil
}
