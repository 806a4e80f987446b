package control

// Receipt says what became of an upload.
type Receipt struct {
	Trusted bool   `json:"trusted"`       // it decides; otherwise it is shown beside what source says
	Why     string `json:"why,omitempty"` // it does not
	Head    string `json:"head"`          // commit that it speaks of
	Root    string `json:"root"`
	Digest  string `json:"digest"` // sha256:… of the document
}

// Refusal is the kind of a Refused error. The zero kind is a fault in what was sent.
type Refusal uint8

// The kinds of refusals.
const (
	Invalid   Refusal = iota // what was sent cannot be read
	Forbidden                // the sender may not say this
	NotFound                 // no such repository here, or none of the sender's
	Replayed                 // it was said before
)

// Refused is an upload that is not taken. Code is one of a fixed few; Message tells its sender what to do.
type Refused struct {
	Kind    Refusal
	Code    string
	Message string
}

// Error is the message.
func (r *Refused) Error() string { return r.Message }
