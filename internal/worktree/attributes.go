package worktree

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ends is what a checkout does to ends of lines. The zero value is that nobody can tell.
type ends uint8

const (
	endsUnknown   ends = iota // git's configuration says, or a pattern that is not read here
	endsKept                  // as they are in the commit
	endsConverted             // to CR LF
)

// The bounds of .gitattributes; git reads no longer line.
const (
	maxAttributes = 1 << 20
	maxAttribute  = 2048
	maxDeep       = 2 // how often ** may stand in a pattern
)

// attributes are what the .gitattributes of the commit say about ends of lines.
type attributes struct {
	root  *os.Root
	files map[string]id // the tracked ones, by their folder
	read  map[string]ruleFile
	own   bool // the repository's own attributes may say otherwise, and are no part of a commit
}

// ruleFile is one file of rules; whole is false where it is not what the index says, or not all of it is understood.
type ruleFile struct {
	rules []rule
	whole bool
}

// rule is one line that says something of ends of lines: what is empty it does not say.
type rule struct {
	pattern   string
	text, eol string
	unsure    bool // it says what is not understood here
}

const unspecified = "!"

func newAttributes(root *os.Root, common string, entries []entry) *attributes {
	a := &attributes{root: root, files: map[string]id{}, read: map[string]ruleFile{}}
	for _, e := range entries {
		if path.Base(e.name) == ".gitattributes" {
			a.files[path.Dir(e.name)] = e.id
		}
	}
	data, err := readBounded(filepath.Join(common, "info", "attributes"), maxAttributes)
	a.own = len(bytes.TrimSpace(data)) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist)
	return a
}

// ends says what a checkout does with the content that a file has in the commit.
func (a *attributes) ends(name string, content []byte) ends {
	if a.own {
		return endsUnknown
	}
	text, eol := unspecified, unspecified
	for _, folder := range foldersOf(name) {
		file := a.of(folder)
		if !file.whole {
			return endsUnknown
		}
		for _, r := range file.rules {
			matches, sure := r.matches(strings.TrimPrefix(name, strings.TrimPrefix(folder+"/", "./")))
			switch {
			case !sure || matches && r.unsure:
				return endsUnknown
			case matches:
				text, eol = or(r.text, text), or(r.eol, eol)
			}
		}
	}
	return decided(text, eol, content)
}

// decided follows gitattributes(5). Without eol= the configuration decides, which a commit does not have.
func decided(text, eol string, content []byte) ends {
	switch {
	case text == "-" || eol == "lf":
		return endsKept
	case eol != "crlf":
		return endsUnknown
	case text == "auto" && looksBinary(content):
		return endsKept
	case text == "auto" || text == "+" || text == unspecified:
		return endsConverted
	}
	return endsUnknown
}

// looksBinary is how git guesses, of what has no NUL and no CR.
func looksBinary(content []byte) bool {
	strange := 0
	for _, b := range content {
		if b == 0x7f || b < ' ' && !bytes.ContainsRune([]byte("\b\t\n\f\x1b"), rune(b)) {
			strange++
		}
	}
	lines := bytes.Count(content, []byte("\n"))
	return (len(content)-strange-lines)>>7 < strange
}

// foldersOf are those that a file is in, the outermost first: what is said further in counts.
func foldersOf(name string) []string {
	out := []string{}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		out = append(out, folder)
	}
	out = append(out, ".")
	slices.Reverse(out)
	return out
}

// of reads the rules of a folder: the commit's, and no others that lie there.
func (a *attributes) of(folder string) ruleFile {
	want, tracked := a.files[folder]
	if !tracked {
		return ruleFile{whole: true}
	}
	if known, ok := a.read[folder]; ok {
		return known
	}
	var file ruleFile
	data, err := bounded(a.root, path.Join(folder, ".gitattributes"))
	plain := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) // git reads it in the same way, however it was checked out
	if err == nil && (blobOf(data) == want || blobOf(plain) == want) {
		file = parseAttributes(plain)
	}
	a.read[folder] = file
	return file
}

func bounded(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxAttributes+1))
	if err == nil && len(data) > maxAttributes {
		err = errors.New("it is too large")
	}
	return data, err
}

// parseAttributes reads the lines that say something of ends of lines.
func parseAttributes(data []byte) ruleFile {
	out := ruleFile{whole: true}
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		words := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\r\n", c) })
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if strings.HasPrefix(words[0], "[attr]") || strings.HasPrefix(words[0], `"`) || len(line) >= maxAttribute {
			return ruleFile{} // a name for other attributes, or for files with spaces
		}
		r := rule{pattern: words[0]}
		for _, word := range words[1:] {
			r.say(word)
		}
		if r.unsure || r.text != "" || r.eol != "" {
			out.rules = append(out.rules, r)
		}
	}
	return out
}

// say takes one attribute; of two the last counts.
func (r *rule) say(word string) {
	switch word {
	case "text":
		r.text = "+"
	case "-text", "binary":
		r.text = "-"
	case "!text":
		r.text = unspecified
	case "text=auto":
		r.text = "auto"
	case "eol=lf", "eol=crlf":
		r.eol = strings.TrimPrefix(word, "eol=")
	case "!eol":
		r.eol = unspecified
	default:
		name, _, _ := strings.Cut(word, "=")
		if strings.HasPrefix(name, "-") || strings.HasPrefix(name, "!") {
			name = name[1:]
		}
		r.unsure = r.unsure || !attributeName(name) || slices.Contains([]string{"text", "eol", "crlf", "binary", "working-tree-encoding"}, name)
	}
}

// attributeName reports a name that git takes: it passes over a line with another one.
func attributeName(name string) bool {
	return name != "" && name[0] != '-' && !strings.HasPrefix(name, "builtin_") && strings.Trim(name, "-._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// matches reports that the rule is about a file, by its name from the rule's folder on. Not sure: the pattern has more in it
// than * and **.
func (r *rule) matches(name string) (matches, sure bool) {
	pattern := r.pattern
	if strings.ContainsAny(pattern, `\[?`) || strings.HasPrefix(pattern, "!") || strings.Count(pattern, "**") > maxDeep {
		return false, false
	}
	if strings.HasSuffix(pattern, "/") {
		return false, true // a folder, which has no attributes
	}
	if !strings.Contains(pattern, "/") {
		return segment(pattern, path.Base(name)), true
	}
	return within(strings.Split(strings.TrimPrefix(pattern, "/"), "/"), strings.Split(name, "/")), true
}

// within matches folder by folder; ** stands for any number of them, at the end for all that is inside.
func within(pattern, name []string) bool {
	switch {
	case len(pattern) == 0 || len(name) == 0:
		return len(pattern) == len(name)
	case pattern[0] == "**" && len(pattern) == 1:
		return true
	case pattern[0] == "**":
		return within(pattern[1:], name) || within(pattern, name[1:])
	}
	return segment(pattern[0], name[0]) && within(pattern[1:], name[1:])
}

func segment(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
