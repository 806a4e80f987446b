package web

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/org/platform-action/internal/control"
)

// session is somebody who signed in. It lives in a cookie that only the server can read: nothing of it is stored.
type session struct {
	ID     string         `json:"id"` // random: nothing outlives it in our caches
	Person control.Person `json:"person"`
	Token  string         `json:"token"` // at GitHub: never shown, never logged
	CSRF   string         `json:"csrf"`  // what a form of ours carries
	Until  time.Time      `json:"until"`
}

// journey is a sign-in on its way to GitHub and back.
type journey struct {
	State    string    `json:"state"`
	Verifier string    `json:"verifier"` // of PKCE
	Next     string    `json:"next"`     // page to come to
	Until    time.Time `json:"until"`
}

const (
	sessionTime = 8 * time.Hour // as long as GitHub's token
	journeyTime = 10 * time.Minute
	maxCookie   = 4000 // browsers keep no more
)

// seal writes cookies of one kind that nobody else can read or make.
type seal struct {
	name   string
	key    []byte
	secure bool // over HTTPS alone, and bound to the host
}

// newSeal derives a key of its own for each kind, so that no cookie can stand for one of another kind.
func newSeal(key []byte, name string, secure bool) (seal, error) {
	if len(key) < 32 {
		return seal{}, errors.New("the encryption key has fewer than 32 bytes")
	}
	own, err := hkdf.Key(sha256.New, key, nil, "platform cookie v1 "+name, 32)
	if secure {
		name = "__Host-" + name
	}
	return seal{name: name, key: own, secure: secure}, err
}

// put gives the browser a cookie that no script and no other site's form gets.
func (s seal) put(w http.ResponseWriter, v any, until, now time.Time) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	box, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: s.key}, nil)
	if err != nil {
		return err
	}
	sealed, err := box.Encrypt(text)
	if err != nil {
		return err
	}
	value, err := sealed.CompactSerialize()
	if err != nil {
		return err
	}
	if len(value) > maxCookie {
		return errors.New("the cookie is larger than browsers keep")
	}
	http.SetCookie(w, s.cookie(value, int(until.Sub(now)/time.Second)))
	return nil
}

// cookie is Lax, not Strict: GitHub sends people back from another site, and a link in a check run leads here from there.
func (s seal) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{Name: s.name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode} //nolint:gosec // Secure wherever the server is reached over HTTPS
}

// drop takes it back.
func (s seal) drop(w http.ResponseWriter) { http.SetCookie(w, s.cookie("", -1)) }

// get reads what put wrote; anything else is nothing.
func (s seal) get(r *http.Request, into any) bool {
	c, err := r.Cookie(s.name)
	if err != nil || len(c.Value) > maxCookie {
		return false
	}
	return s.open(c.Value, into) == nil
}

func (s seal) open(value string, into any) error {
	sealed, err := jose.ParseEncryptedCompact(value, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return err
	}
	text, err := sealed.Decrypt(s.key)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// session is who asks; nil: nobody who is signed in.
func (p *pages) session(r *http.Request) *session {
	var s session
	if p.sessions.key == nil || !p.sessions.get(r, &s) || s.ID == "" || s.Token == "" || s.Person.ID == 0 || !p.o.Now().Before(s.Until) {
		return nil
	}
	return &s
}
