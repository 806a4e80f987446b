package main

import (
	"bufio"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// line is one line item of either side.
type line struct {
	name     string
	unit     string
	quantity float64
	cost     float64
	rate     float64
	unset    bool // shown by its rate, without a quantity
	digits   int  // decimals that the rate was printed with
}

var (
	columns  = regexp.MustCompile(`\s{2,}`)
	depends  = regexp.MustCompile(`Monthly cost depends on usage: \$([0-9.,]+) per (.+?)\s*$`)
	treeMark = regexp.MustCompile(`^[\s│├└─]+`)
)

// readGolden reads the table that the established estimator prints: line items by resource address.
func readGolden(r io.Reader) (map[string][]line, error) {
	out := map[string][]line{}
	address := ""
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		text := strings.TrimRight(s.Text(), " ")
		body := treeMark.ReplaceAllString(text, "")
		switch {
		case strings.Contains(text, "OVERALL TOTAL"), strings.HasPrefix(text, "──"):
			return out, s.Err()
		case body == "", strings.HasPrefix(body, "Name  "):
			continue
		case !strings.ContainsAny(text, "├└"):
			if strings.Count(body, ".") > 0 && !strings.Contains(body, "  ") {
				address = body
			}
			continue
		}
		if l, ok := goldenLine(body); ok && address != "" {
			out[address] = append(out[address], l)
		}
	}
	return out, s.Err()
}

func goldenLine(body string) (line, bool) {
	if m := depends.FindStringSubmatch(body); m != nil {
		rate, err := number(m[1])
		_, frac, _ := strings.Cut(m[1], ".")
		return line{name: columns.Split(body, 2)[0], unit: m[2], rate: rate, unset: true, digits: len(frac)}, err == nil
	}
	f := columns.Split(strings.TrimSuffix(strings.TrimSpace(body), "*"), -1)
	for len(f) > 0 && f[len(f)-1] == "" {
		f = f[:len(f)-1]
	}
	if len(f) < 4 {
		return line{}, false
	}
	n := len(f)
	quantity, err := number(f[n-3])
	if err != nil {
		return line{}, false
	}
	cost, err := number(strings.TrimPrefix(f[n-1], "$"))
	if err != nil {
		cost = -1 // printed as not found
	}
	return line{name: strings.Join(f[:n-3], " "), unit: f[n-2], quantity: quantity, cost: cost}, true
}

func number(s string) (float64, error) {
	return strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
}

// sameUnit compares units without case, plural or the common spellings of one thing.
func sameUnit(a, b string) bool { return normalise(a) == normalise(b) }

func normalise(unit string) string {
	u := strings.ToLower(strings.ReplaceAll(unit, " ", ""))
	u = strings.NewReplacer("gib", "gb", "tib", "tb", "mib", "mb", "hrs", "hour", "hr", "hour").Replace(u)
	var b strings.Builder
	for word := range strings.SplitSeq(u, "-") {
		b.WriteString(strings.TrimSuffix(word, "s"))
	}
	return b.String()
}
