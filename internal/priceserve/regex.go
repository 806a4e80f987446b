package priceserve

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// maxRegex bounds the text of a regular expression.
const maxRegex = 2000

// pattern is a JavaScript regular expression in RE2, which takes time in proportion to what it reads. RE2 has no
// look-around, so the forms of it that askers use are parts of their own: what must not follow the start, what must not
// stand before a match, and what no character of a run may begin.
type pattern struct {
	re     *regexp.Regexp
	not    []*regexp.Regexp // must not match at the start
	must   []*regexp.Regexp // must match at the start
	before *regexp.Regexp   // must not end where the match begins
	absent *regexp.Regexp   // must begin nowhere in the run that stands before what re matches
	after  *regexp.Regexp   // must not match where re ends
}

// parseRegex reads /pattern/flags, or a bare pattern.
func parseRegex(text string) (*pattern, error) {
	if len(text) > maxRegex {
		return nil, fmt.Errorf("a regular expression of more than %d characters", maxRegex)
	}
	body, flags := text, ""
	if first, last := strings.IndexByte(text, '/'), strings.LastIndexByte(text, '/'); first == 0 && last > 0 {
		body, flags = text[1:last], text[last+1:]
	}
	mode := ""
	for _, f := range flags {
		switch f {
		case 'i', 'm', 's':
			if !strings.ContainsRune(mode, f) {
				mode += string(f)
			}
		case 'g', 'u', 'y': // of searching on, of Unicode and of the place to begin: they change no answer here
		default:
			return nil, fmt.Errorf("flag %q of a regular expression is not known", f)
		}
	}
	if mode != "" {
		mode = "(?" + mode + ")"
	}
	return compile(strings.ReplaceAll(body, `\/`, `/`), mode)
}

func compile(body, mode string) (*pattern, error) {
	p := &pattern{}
	rest, err := p.lookarounds(body, mode)
	if err != nil {
		return nil, err
	}
	if p.re, err = regexp.Compile(mode + rest); err != nil {
		return nil, fmt.Errorf("the regular expression cannot be read: %s", reason(err))
	}
	return p, nil
}

// lookarounds takes the look-around off a pattern and says what it demands.
func (p *pattern) lookarounds(body, mode string) (string, error) {
	if rest, is, err := p.absentRun(body, mode); is || err != nil {
		return rest, err
	}
	var head, rest string
	var err error
	if strings.HasPrefix(body, "^") {
		head = "^"
		rest, err = p.ahead(body[1:], mode)
	} else {
		rest, err = p.behind(body, mode)
	}
	if err != nil {
		return "", err
	}
	rest, err = p.last(rest, mode)
	return head + rest, err
}

// absentRun takes ^(?:(?!X).)*rest: a run in which X begins nowhere.
func (p *pattern) absentRun(body, mode string) (rest string, is bool, err error) {
	for _, run := range []string{"^(?:(?!", "^((?!"} {
		inner, ok := strings.CutPrefix(body, run)
		if !ok {
			continue
		}
		x, tail, err := group(inner)
		if err != nil {
			return "", false, err
		}
		if tail, ok = strings.CutPrefix(tail, ".)*"); !ok {
			return "", false, nil
		}
		p.absent, err = compiled(mode + x)
		return "^(?:" + tail + ")", true, err
	}
	return "", false, nil
}

// ahead takes what a pattern demands of the text right behind its ^.
func (p *pattern) ahead(rest, mode string) (string, error) {
	for strings.HasPrefix(rest, "(?!") || strings.HasPrefix(rest, "(?=") {
		negative := rest[2] == '!'
		x, tail, err := group(rest[3:])
		if err != nil {
			return "", err
		}
		re, err := compiled(mode + "^(?:" + x + ")")
		if err != nil {
			return "", err
		}
		if negative {
			p.not = append(p.not, re)
		} else {
			p.must = append(p.must, re)
		}
		rest = tail
	}
	return rest, nil
}

// behind takes what a pattern without ^ demands of the text before it.
func (p *pattern) behind(rest, mode string) (string, error) {
	x, ok := strings.CutPrefix(rest, "(?<!")
	if !ok {
		return rest, nil
	}
	x, tail, err := group(x)
	if err != nil {
		return "", err
	}
	p.before, err = compiled(mode + "(?:" + x + ")$")
	return tail, err
}

// last takes what a pattern demands of the text after it.
func (p *pattern) last(rest, mode string) (string, error) {
	at := strings.Index(rest, "(?!")
	if at <= 0 {
		return rest, nil
	}
	x, tail, err := group(rest[at+3:])
	if err != nil {
		return "", err
	}
	if tail != "" && tail != ".*" && tail != ".*$" {
		return "", errors.New("a look-ahead in the middle of a regular expression is not understood")
	}
	p.after, err = compiled(mode + "^(?:" + x + ")")
	return rest[:at], err
}

func compiled(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	return re, nil
}

// group splits what stands before the bracket that closes a group from what comes after it.
func group(text string) (inner, rest string, err error) {
	depth, class := 1, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return text[:i], text[i+1:], nil
			}
		}
	}
	return "", "", errors.New("a bracket of the regular expression is open")
}

func (p *pattern) match(value string) bool {
	for _, re := range p.not {
		if re.MatchString(value) {
			return false
		}
	}
	for _, re := range p.must {
		if !re.MatchString(value) {
			return false
		}
	}
	if p.absent != nil {
		return p.run(value)
	}
	if p.before == nil && p.after == nil {
		return p.re.MatchString(value)
	}
	for _, at := range p.re.FindAllStringIndex(value, -1) {
		if p.before != nil && p.before.MatchString(value[:at[0]]) || p.after != nil && p.after.MatchString(value[at[1]:]) {
			continue
		}
		return true
	}
	return false
}

// run matches the form ^(?:(?!X).)*rest: the run ends where X first begins at the latest, and the rest follows it there
// or after an earlier end.
func (p *pattern) run(value string) bool {
	limit := len(value)
	if at := p.absent.FindStringIndex(value); at != nil {
		limit = at[0]
	}
	for end := limit; end >= 0; end-- {
		if p.re.MatchString(value[end:]) {
			return true
		}
	}
	return false
}

func reason(err error) string {
	_, after, ok := strings.Cut(err.Error(), "parsing regexp: ")
	if !ok {
		return err.Error()
	}
	return after
}
