package githubtest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"sync"
)

// turned are the App's secrets since its owner last replaced them. GitHub keeps one webhook secret and one client
// secret here, and lets an App have several private keys.
type turned struct {
	mu      sync.Mutex
	webhook string
	oauth   string
	keys    []*rsa.PrivateKey // newest last
}

// RotateWebhookSecret signs every delivery from now on with another secret.
func (s *Server) RotateWebhookSecret(secret string) {
	s.turned.mu.Lock()
	defer s.turned.mu.Unlock()
	s.turned.webhook = secret
}

// RotateClientSecret takes no other client secret from now on.
func (s *Server) RotateClientSecret(secret string) {
	s.turned.mu.Lock()
	defer s.turned.mu.Unlock()
	s.turned.oauth = secret
}

// AddKey makes another private key of the App; those before hold until DropOldKeys.
func (s *Server) AddKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	s.turned.mu.Lock()
	defer s.turned.mu.Unlock()
	s.turned.keys = append(s.turned.keys, key)
	return keyPEM(key), nil
}

// DropOldKeys takes no key but the newest from now on.
func (s *Server) DropOldKeys() {
	s.turned.mu.Lock()
	defer s.turned.mu.Unlock()
	s.turned.keys = s.turned.keys[len(s.turned.keys)-1:]
}

func (s *Server) webhookSecret() string {
	s.turned.mu.Lock()
	defer s.turned.mu.Unlock()
	return s.turned.webhook
}

func (s *Server) clientSecret() string {
	s.turned.mu.Lock()
	defer s.turned.mu.Unlock()
	return s.turned.oauth
}

func (s *Server) appKeys() []*rsa.PrivateKey {
	s.turned.mu.Lock()
	defer s.turned.mu.Unlock()
	return append([]*rsa.PrivateKey(nil), s.turned.keys...)
}

func keyPEM(key *rsa.PrivateKey) []byte {
	var buf bytes.Buffer
	_ = pem.Encode(&buf, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return buf.Bytes()
}
