package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/net/html"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate/scan"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// filled puts a text into every string of a value, also in lists and maps of one member, and through pointers.
func filled(v reflect.Value, text string, depth int) {
	if depth > 12 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[decimal.Decimal]() || v.Type().PkgPath() == "github.com/org/platform-action/internal/money" {
			return
		}
		for _, field := range v.Fields() {
			filled(field, text, depth+1)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), text, depth+1)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		filled(v.Index(0), text, depth+1)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		filled(key, text, depth+1)
		filled(value, text, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	}
}

// hostile fills everything that the pages read with a text.
func (h *house) hostile(text string) {
	h.t.Helper()
	var report render.Report
	filled(reflect.ValueOf(&report.Verdict).Elem(), text, 0)
	report.Verdict.Outcome = verdict.Block
	report.Verdict.Findings[0].Severity = verdict.Block
	report.Verdict.Findings[0].Line = 3
	var e fact.Estimate
	filled(reflect.ValueOf(&e).Elem(), text, 0)
	e.Currency = "USD"
	e.Resources[0].Action = fact.Update
	report.Currency, report.Projects = "USD", []render.Project{{Name: text, Estimate: fact.Of(e)}}
	filled(reflect.ValueOf(&report.Projects[0].Plan).Elem(), text, 0)
	report.Reproduce, report.Policies, report.Version, report.Link = text, text, text, text
	var out strings.Builder
	if err := render.Render(&out, render.JSON, report, render.Options{}); err != nil {
		h.t.Fatal(err)
	}
	h.report = []byte(out.String())
	h.line.Headline, h.line.Digest = text, text
	var answer control.TestedAnswer
	filled(reflect.ValueOf(&answer).Elem(), text, 0)
	answer.Outcome = evidence.OutcomeNotTested
	data, err := json.Marshal(answer)
	if err != nil {
		h.t.Fatal(err)
	}
	h.tested = control.TestedCheck{Head: h.line.Head, Answer: data, Updated: h.now}
	h.acks = []control.Acknowledgement{{By: text, Currency: text, Verdict: text, At: h.now}}
	h.costs = []control.WeekCost{{Week: h.now.Add(-8 * 24 * time.Hour), CostShare: control.CostShare{Dimension: "team", Name: text, Currency: text, Millionths: 5e6, Unknown: 1}}}
	h.asks = control.Environments{Commit: text}
	filled(reflect.ValueOf(&h.asks.Ask).Elem(), text, 0)
	filled(reflect.ValueOf(&h.asks.Notes).Elem(), text, 0)
	filled(reflect.ValueOf(&h.deploys).Elem(), text, 0)
	h.deploys[0].Comment = strings.ReplaceAll(text, "\n", " ") + "\n" + strings.ReplaceAll(text, "\n", " ")
	filled(reflect.ValueOf(&h.debts).Elem(), text, 0)
	filled(reflect.ValueOf(&h.glasses).Elem(), text, 0)
	h.glasses[0].Waiver.Uses = 1
	filled(reflect.ValueOf(&h.asked).Elem(), text, 0)
	h.asked[0].Approver = 0
	filled(reflect.ValueOf(&h.facts.Environments).Elem(), text, 0)
	h.facts.Secrets, h.facts.Checks = fact.Of([]string{text}), fact.Missing[[]scan.Check](text)
	jobs := make([]scan.Job, 1)
	filled(reflect.ValueOf(&jobs).Elem(), text, 0)
	h.facts.Jobs = fact.Of(jobs)
	h.refuse = text
}

// TestHostileText puts texts that attack a page into every string that is stored, and into every page: none of them becomes
// an element, an attribute or an address of another place, and none hides what is not seen.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, `</title><script>alert(1)</script>`,
		`</style><svg onload=alert(1)>`, "{{.Person}}", `<!--`, "\u202egnp.exe", "a\x00b\x1b[31m", "\u200bzero", `https://evil.example/`, `//evil.example/`,
		"`<b>code</b>`", `&lt;script&gt;`, "ghp_" + strings.Repeat("aB3", 12), strings.Repeat("<x>", 5000), "line\nbreak\rand\ttab", `" style="x`, "../../../..",
	} {
		t.Run(fmt.Sprintf("%.20q", text), func(t *testing.T) {
			t.Parallel()
			plain, h := newHouse(t), newHouse(t)
			plain.hostile("plain")
			h.hostile(text)
			who := h.cookie(text[:min(len(text), 100)])
			same := plain.addresses("plain")
			for i, path := range h.addresses(text) {
				page := h.get(path, who)
				body := page.Body.String()
				if page.Code != http.StatusOK && path != "/acme/none" {
					t.Fatalf("%s: %d\n%s", path, page.Code, h.log.String())
				}
				safe(t, path, text, body)
				if got, want := elements(t, body), elements(t, plain.get(same[i], plain.cookie("plain")).Body.String()); got != want && !strings.Contains(text, "`") && !strings.Contains(text, "//") && !strings.HasPrefix(text, "..") {
					t.Errorf("%s has other elements than with plain text:\n%s\n%s", path, got, want)
				}
			}
		})
	}
}

// addresses are those of every page; some carry a text.
func (h *house) addresses(text string) []string {
	return []string{
		"/", "/acme/shop", "/acme/shop/pull/1", "/acme/shop/pull/1?entry=7", "/acme/shop/commit/" + h.line.Head, "/acme/shop/environments", "/acme/shop/pull/1/acknowledge",
		"/acme/shop/environments/waive?environment=" + url.QueryEscape(text) + "&commit=" + url.QueryEscape(text), "/acme/shop/waivers/" + h.request(), "/acme/none",
	}
}

func safe(t *testing.T, path, text, body string) {
	t.Helper()
	for _, bad := range []string{"<script", "<img", "\u202e", "\u200b", "\x1b", "\x00", "ZgotmplZ", "ghp_aB3", "ghu_canary"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s: %q shows %q", path, text, bad)
		}
	}
	walk(t, body, func(e html.Token) {
		for _, a := range e.Attr {
			switch a.Key {
			case "href", "src", "action", "formaction":
				ours := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//") || strings.HasPrefix(a.Val, "#") || strings.HasPrefix(a.Val, "https://github.com/")
				if !ours && (text != "https://evil.example/" || a.Val != text) { // the source of an assumption may be any https address
					t.Errorf("%s: %q leads to %s", path, text, a.Val)
				}
			case "style", "srcdoc", "http-equiv":
				t.Errorf("%s: %q makes %s=%q", path, text, a.Key, a.Val)
			}
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: %q makes %s=%q", path, text, a.Key, a.Val)
			}
		}
	})
}

func walk(t *testing.T, body string, see func(html.Token)) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() { //nolint:exhaustive // of elements alone
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			see(z.Token())
		}
	}
}

// elements are the names of a page's elements and of their attributes, in order.
func elements(t *testing.T, body string) string {
	t.Helper()
	var out []string
	walk(t, body, func(e html.Token) {
		name := e.Data
		for _, a := range e.Attr {
			name += " " + a.Key
		}
		out = append(out, "<"+name+">")
	})
	return strings.Join(out, "")
}

// TestHostileForms does the same with what is sent, and with what a refusal says.
func TestHostileForms(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, "\u202egnp.exe", "a\x00b\x1b[31m", "ghp_" + strings.Repeat("aB3", 12), `//evil.example/`} {
		t.Run(fmt.Sprintf("%.20q", text), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.hostile(text)
			for path, form := range map[string]url.Values{
				"/acme/shop/environments/waive":     {"environment": {text}, "commit": {text}, "reason": {text}, "ticket": {text}, "for": {text}},
				"/acme/shop/environments/locks":     {},
				"/acme/shop/waivers/" + h.request(): {"answer": {"approve"}},
			} {
				w := h.post(path, form, h.cookie("ada"))
				if w.Code != http.StatusOK && w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "<h1>") {
					t.Fatalf("%s: %d\n%s", path, w.Code, w.Body)
				}
				safe(t, path, text, w.Body.String())
			}
		})
	}
}

// TestHeaders: no page is kept, framed, or lets anything in.
func TestHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.hostile("plain")
	for _, path := range []string{"/", "/acme/shop/pull/1", "/sign-in", "/acme/none", "/sign-in/callback"} {
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		} {
			if got := h.get(path, h.cookie("ada")).Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	if !strings.Contains(h.get("/acme/shop/pull/1", h.cookie("ada")).Body.String(), `<time datetime="2026-11-26T23:00:00Z">2026-11-26 23:00 UTC</time>`) {
		t.Error("times are not in UTC")
	}
}
