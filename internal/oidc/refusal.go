package oidc

import "errors"

// Code says why a token is refused. Callers and their scripts see it, so a code never changes its meaning.
type Code string

// The codes of refusals.
const (
	Malformed      Code = "malformed-token"
	WrongAlgorithm Code = "wrong-algorithm"
	UnknownIssuer  Code = "unknown-issuer"
	UnknownKey     Code = "unknown-key"
	BadSignature   Code = "bad-signature"
	Expired        Code = "expired"
	NotYet         Code = "not-yet-valid"
	TooOld         Code = "too-old"
	WrongAudience  Code = "wrong-audience"
	BadClaims      Code = "bad-claims"
)

// Codes are all of them, in the order in which a token is looked at.
func Codes() []Code {
	return []Code{Malformed, WrongAlgorithm, UnknownIssuer, UnknownKey, BadSignature, Expired, NotYet, TooOld, WrongAudience, BadClaims}
}

// Refusal is a token that is not believed. Message tells its sender what to do, and holds no part of the token.
type Refusal struct { //nolint:errname // it is an answer to the sender, no failure
	Code    Code
	Message string
}

// Error is the message.
func (r *Refusal) Error() string { return r.Message }

// RefusalCode lets a caller tell a refusal from a fault without knowing this package.
func (r *Refusal) RefusalCode() string { return string(r.Code) }

func refuse(code Code, message string) *Refusal { return &Refusal{code, message} }

// ErrUnavailable means that an issuer's keys cannot be read, so that nobody can say whether a token is good. A
// *control.Later beside it says when to come back.
var ErrUnavailable = errors.New("the keys of the tokens' issuer cannot be read now")
