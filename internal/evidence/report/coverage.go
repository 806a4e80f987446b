package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// lines are those that coverage speaks of, each once, however often a report names it.
type lines map[[12]byte]block

type block struct {
	weight  int32
	covered bool
}

// take takes one line of a file in; a line that ran anywhere is covered.
func (l lines) take(s *source, file string, at []byte, weight int32, covered bool) error {
	h := sha256.New()
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(file)))
	h.Write(size[:])
	_, _ = io.WriteString(h, file) // a hash takes everything
	h.Write(at)
	var sum [sha256.Size]byte
	key := [12]byte(h.Sum(sum[:0])[:12])
	had, again := l[key]
	if again && had.weight != weight {
		return s.faultAbove(fmt.Sprintf("a block of %.200q has %d statements here and %d above", file, weight, had.weight), "put profiles of one state of the source together")
	}
	l[key] = block{weight, covered || had.covered}
	if len(l) > maxBlocks {
		return s.fault(fmt.Sprintf("names more than %d lines of source", maxBlocks), "split the report")
	}
	return nil
}

// coverage is the sum. A report without a line is none: nothing of nothing is no share.
func (l lines) coverage(s *source) (Coverage, error) {
	var out Coverage
	for _, b := range l {
		out.Lines += int(b.weight)
		if b.covered {
			out.Covered += int(b.weight)
		}
	}
	if out.Lines > MaxLines {
		return out, &Error{Name: s.name, Problem: fmt.Sprintf("lists %d statements, which no source has", out.Lines), Fix: "make it anew"}
	}
	if out.Lines == 0 {
		return out, &Error{Name: s.name, Problem: "lists no line of source, so that nothing was measured",
			Fix: "run the tests with coverage on, of the folders that hold the code; leave a report away that has nothing to measure"}
	}
	return out, nil
}

// parseCobertura reads the lines of classes; those of methods are the same ones again.
func parseCobertura(x *elements, root element) (Report, error) {
	out, seen, file, inMethods := Report{Format: Cobertura, Tool: "cobertura"}, lines{}, "", 0
	for e := root; ; {
		switch {
		case e.name == "methods" && !e.end:
			inMethods++
		case e.name == "methods":
			inMethods--
		case e.name == "class" && !e.end:
			if file = e.attr("filename"); file == "" {
				return Report{}, x.fault("a <class> without its filename", "")
			}
		case e.name == "class":
			file = ""
		case e.name == "line" && !e.end && inMethods == 0:
			hits, err := strconv.ParseUint(e.attr("hits"), 10, 64)
			number, bad := x.number(e, "number")
			if err != nil || bad != nil || number == 0 || file == "" {
				return Report{}, x.fault("a <line> without its number or its hits, or outside of a <class>", "")
			}
			if err := seen.take(x.source, file, strconv.AppendInt(nil, int64(number), 10), 1, hits > 0); err != nil {
				return Report{}, err
			}
		}
		var err error
		if e, err = x.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return Report{}, err
		}
	}
	claimed, err := x.number(root, "lines-valid")
	if err != nil {
		return Report{}, err
	}
	if out.Coverage, err = seen.coverage(x.source); err != nil {
		return Report{}, err
	}
	if claimed != 0 && claimed != out.Coverage.Lines {
		out.note("it claims %d lines and lists %d: those that it lists count", claimed, out.Coverage.Lines)
	}
	return out, nil
}

// parseLCOV reads the DA records; the sums that stand beside them (LF, LH) are not believed.
func parseLCOV(s *source) (Report, error) {
	seen, file := lines{}, ""
	for {
		line, err := s.nextLine()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Report{}, err
		}
		key, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch string(key) {
		case "SF":
			if file != "" || len(value) == 0 {
				return Report{}, s.faultAbove("a record begins inside another, or without a file", "")
			}
			file = string(value)
		case "end_of_record":
			if file == "" {
				return Report{}, s.faultAbove("a record ends that did not begin", "")
			}
			file = ""
		case "DA":
			number, hits, ok := lineData(value)
			if !ok || file == "" {
				return Report{}, s.faultAbove(fmt.Sprintf("%.60q is no line of a file", line), "want DA:LINE,HITS after SF:FILE")
			}
			if err := seen.take(s, file, number, 1, hits); err != nil {
				return Report{}, err
			}
		case "", "TN", "VER", "FN", "FNDA", "FNF", "FNH", "FNL", "FNA", "BRDA", "BRF", "BRH", "MCDC", "MCF", "MCH", "LF", "LH":
		default:
			if !bytes.HasPrefix(key, []byte("#")) {
				return Report{}, s.faultAbove(fmt.Sprintf("%.60q is no record of LCOV", line), "")
			}
		}
	}
	if file != "" {
		return Report{}, s.fault("breaks off inside the record of a file", "did the tool that writes it end?")
	}
	covered, err := seen.coverage(s)
	if err != nil {
		return Report{}, err
	}
	return Report{Format: LCOV, Tool: "lcov", Coverage: covered}, nil
}

// lineData reads LINE,HITS[,CHECKSUM]. A line that did not run has 0 hits; some tools write - for that.
func lineData(value []byte) (number []byte, hit, ok bool) {
	fields := bytes.Split(value, []byte(","))
	if len(fields) < 2 || len(fields) > 3 {
		return nil, false, false
	}
	at, err := strconv.ParseUint(string(fields[0]), 10, 31)
	if err != nil || at == 0 {
		return nil, false, false
	}
	number = strconv.AppendUint(nil, at, 10) // 007 is line 7
	if string(fields[1]) == "-" {
		return number, false, true
	}
	n, err := strconv.ParseUint(string(fields[1]), 10, 64)
	return number, n > 0, err == nil
}

var blockForm = regexp.MustCompile(`^:[0-9]{1,9}\.[0-9]{1,9},[0-9]{1,9}\.[0-9]{1,9}$`)

// parseGoCover reads FILE:FROM.COLUMN,TO.COLUMN STATEMENTS HITS; blocks of one profile that was put together from
// several are the same block.
func parseGoCover(s *source) (Report, error) {
	seen := lines{}
	for {
		line, err := s.nextLine()
		if errors.Is(err, io.EOF) {
			covered, err := seen.coverage(s)
			if err != nil {
				return Report{}, err
			}
			return Report{Format: GoCover, Tool: "go", Coverage: covered}, nil
		}
		if err != nil {
			return Report{}, err
		}
		if len(line) == 0 || bytes.HasPrefix(line, []byte("mode: ")) {
			continue
		}
		rest, hits, ok := cutLast(line)
		place, weight, too := cutLast(rest)
		colon := bytes.LastIndexByte(place, ':')
		statements, bad := strconv.ParseUint(string(weight), 10, 20)
		times, worse := strconv.ParseUint(string(hits), 10, 64)
		if !ok || !too || colon < 1 || !blockForm.Match(place[colon:]) || bad != nil || worse != nil {
			return Report{}, s.faultAbove(fmt.Sprintf("%.60q is no block of a Go cover profile", line), "did go test end?")
		}
		if err := seen.take(s, string(place[:colon]), place[colon:], int32(statements), times > 0); err != nil {
			return Report{}, err
		}
	}
}

// cutLast cuts the last word off.
func cutLast(line []byte) (before, word []byte, ok bool) {
	i := bytes.LastIndexByte(line, ' ')
	if i < 1 {
		return nil, nil, false
	}
	return line[:i], line[i+1:], true
}
