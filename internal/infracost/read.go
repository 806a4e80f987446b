package infracost

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// Limits bound what is read.
type Limits struct {
	MaxBytes     int64 // defaults to 512 MiB
	MaxResources int   // on both sides together; defaults to 200,000
}

// Project is one project of a document: the past breakdown is what was before, the breakdown what is after.
type Project struct {
	Name      string
	Display   string // shown in place of the name; empty: the name
	Path      string
	Kind      string // such as terraform_plan_json or terraform_dir
	Module    string
	Workspace string
	Past      bool // the document has a past breakdown
	Estimate  fact.Estimate
	Tags      map[string]map[string]string // by address
	Faults    []fact.Fault                 // what could not be estimated: each leaves the outcome undecided
	Notes     []fact.Fault
}

// Label tells projects of one document apart.
func (p *Project) Label() string {
	label := p.Name
	if p.Module != "" {
		label += " (module " + p.Module + ")"
	}
	if p.Workspace != "" && p.Workspace != "default" {
		label += " (workspace " + p.Workspace + ")"
	}
	return label
}

// Report is what a document says.
type Report struct {
	Name      string
	Digest    string // sha256:… of the bytes
	Currency  money.Currency
	Generated string // as the document says it
	Projects  []Project
}

// Error is what is wrong with a document, and where.
type Error struct {
	Name    string // of the document
	At      string // JSON pointer; empty: the whole
	Message string
}

// Error implements error.
func (e *Error) Error() string {
	at := ""
	if e.At != "" {
		at = e.At + ": "
	}
	return fmt.Sprintf("%s: %s%s; make it anew with: infracost breakdown --path . --format json --out-file FILE", e.Name, at, e.Message)
}

// Read reads a document of version 0.2 in one pass. Members that it does not know change nothing and are skipped;
// known ones of another type, a member that stands twice, a cut-off or oversized text are errors.
func Read(name string, src io.Reader, limits Limits) (Report, error) {
	if limits.MaxBytes <= 0 {
		limits.MaxBytes = 512 << 20
	}
	if limits.MaxResources <= 0 {
		limits.MaxResources = 200_000
	}
	sum := sha256.New()
	bounded := &bound{from: io.TeeReader(src, sum), left: limits.MaxBytes, most: limits.MaxBytes}
	r := &reader{d: jsontext.NewDecoder(bounded), limits: limits, out: Report{Name: name, Currency: money.USD}}
	err := r.document()
	if err == nil {
		err = r.end()
	}
	if err == nil {
		err = r.complete()
	}
	if err != nil {
		return Report{}, r.fault(err)
	}
	r.out.Digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	return r.out, nil
}

type reader struct {
	d         *jsontext.Decoder
	limits    Limits
	out       Report
	version   string
	seen      bool // projects
	resources int
	raw       []rawProject
	totals    totals
}

// totals are those that the document states itself.
type totals struct{ now, past *number }

func (r *reader) document() error {
	if kind := r.d.PeekKind(); kind != '{' {
		if kind == 0 {
			_, err := r.d.ReadToken()
			return err
		}
		return fmt.Errorf("is %s and no object", kindName(kind))
	}
	return r.object(func(member string) error {
		switch member {
		case "version":
			return r.decode(&r.version)
		case "currency":
			var text string
			if err := r.decode(&text); err != nil || text == "" {
				return err
			}
			var err error
			r.out.Currency, err = money.ParseCurrency(text)
			return err
		case "timeGenerated":
			return r.decode(&r.out.Generated)
		case "totalMonthlyCost":
			return r.decode(&r.totals.now)
		case "pastTotalMonthlyCost":
			return r.decode(&r.totals.past)
		case "projects":
			r.seen = true
			return r.array(r.project)
		}
		return r.d.SkipValue()
	})
}

func (r *reader) project() error {
	p := rawProject{}
	err := r.object(func(member string) error {
		switch member {
		case "name":
			return r.decode(&p.name)
		case "displayName":
			return r.decode(&p.display)
		case "metadata":
			return r.decode(&p.metadata)
		case "summary":
			return r.decode(&p.summary)
		case "pastBreakdown":
			return r.breakdown(&p.past, &p.hasPast)
		case "breakdown":
			return r.breakdown(&p.now, &p.hasNow)
		}
		return r.d.SkipValue() // diff follows from the two
	})
	r.raw = append(r.raw, p)
	return err
}

func (r *reader) breakdown(into *[]wireResource, has *bool) error {
	if r.d.PeekKind() == 'n' {
		return r.d.SkipValue()
	}
	*has = true
	return r.object(func(member string) error {
		if member != "resources" {
			return r.d.SkipValue()
		}
		if r.d.PeekKind() == 'n' { // a breakdown without one
			return r.d.SkipValue()
		}
		return r.array(func() error {
			if r.resources++; r.resources > r.limits.MaxResources {
				return fmt.Errorf("has more than %d resources: raise --max-resources", r.limits.MaxResources)
			}
			var one wireResource
			if err := r.decode(&one); err != nil {
				return err
			}
			*into = append(*into, one)
			return nil
		})
	})
}

// decode reads one value into its type; members that the type does not have are skipped.
func (r *reader) decode(into any) error { return json.UnmarshalDecode(r.d, into) }

func (r *reader) object(each func(member string) error) error {
	return r.inside('{', '}', func() error {
		t, err := r.d.ReadToken()
		if err != nil {
			return err
		}
		return each(t.String())
	})
}

func (r *reader) array(each func() error) error { return r.inside('[', ']', each) }

func (r *reader) inside(open, shut jsontext.Kind, each func() error) error {
	if kind := r.d.PeekKind(); kind != open && kind != 0 {
		return fmt.Errorf("is %s where %s has to be", kindName(kind), kindName(open))
	}
	if _, err := r.d.ReadToken(); err != nil {
		return err
	}
	for {
		switch r.d.PeekKind() {
		case 0:
			_, err := r.d.ReadToken()
			return err
		case shut:
			_, err := r.d.ReadToken()
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
}

// end wants nothing but blanks behind the document, and reads to the end of the text for the digest.
func (r *reader) end() error {
	if _, err := r.d.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("a second value stands behind the document")
		}
		return err
	}
	return nil
}

func (r *reader) fault(err error) error {
	var wrong *jsontext.SyntacticError
	var typed *json.SemanticError
	at, message := string(r.d.StackPointer()), err.Error()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		message = "ends before the document is whole"
		if r.d.InputOffset() == 0 {
			message, at = "is empty", ""
		}
	case errors.Is(err, errTooLarge):
		message, at = err.Error(), ""
	case errors.As(err, &typed):
		if at = string(typed.JSONPointer); typed.Err != nil {
			message = typed.Err.Error()
		} else {
			message = fmt.Sprintf("is %s, which cannot stand here", kindName(typed.JSONKind))
		}
	case errors.As(err, &wrong):
		at, message = string(wrong.JSONPointer), "is not JSON: "+wrong.Err.Error()
	}
	if len(at) > 200 {
		at = at[:200] + "…"
	}
	return &Error{r.out.Name, at, message}
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 'f', 't':
		return "a flag"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case '{', '}':
		return "an object"
	case '[', ']':
		return "a list"
	}
	return "nothing"
}

var errTooLarge = errors.New("is larger than the limit") //nolint:gochecknoglobals // a sentinel

// bound fails on the first byte too many, unlike io.LimitReader, which would make a cut-off text of it.
type bound struct {
	from       io.Reader
	left, most int64
}

func (b *bound) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w of %d bytes: raise --max-bytes", errTooLarge, b.most)
	}
	return n, err
}
