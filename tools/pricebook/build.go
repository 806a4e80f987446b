package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
)

// sheet is a table in memory: metadata, regions and rows.
type sheet struct {
	meta    map[string]string
	order   []string // of meta
	columns []string // key, unit, from, note, regions…
	rows    [][]string
}

// build compiles tables/ into book/: checked, sorted, one format, and a digest over all.
func build(dir string) error {
	sheets := map[string]*sheet{}
	root := filepath.Join(dir, "tables")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, ".map.csv") {
			return err
		}
		s, err := readSheet(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, strings.TrimSuffix(path, ".csv"))
		sheets[filepath.ToSlash(name)] = s
		return err
	})
	if err != nil {
		return err
	}
	aliases, err := filepath.Glob(filepath.Join(root, "*", "*.map.csv"))
	if err != nil {
		return err
	}
	for _, path := range aliases {
		if err := resolveMap(root, path, sheets); err != nil {
			return err
		}
	}
	return write(filepath.Join(dir, "book"), sheets)
}

func readSheet(path string) (*sheet, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &sheet{meta: map[string]string{}}
	text, line := string(data), 0
	for strings.HasPrefix(text, "#") {
		head, rest, _ := strings.Cut(text, "\n")
		key, value, ok := strings.Cut(strings.TrimPrefix(head, "#"), ":")
		if line++; !ok {
			return nil, fmt.Errorf("%s:%d: want «# name: value»", path, line)
		}
		s.set(strings.TrimSpace(key), strings.TrimSpace(value))
		text = rest
	}
	for _, needed := range []string{"source", "as-of", "unit", "currency", "url"} {
		if s.meta[needed] == "" {
			return nil, fmt.Errorf("%s: «# %s: …» is missing; every table says where its numbers come from", path, needed)
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	if s.columns, err = r.Read(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.rows, err = r.ReadAll(); err != nil {
		return nil, fmt.Errorf("%s: %w (lines are counted from the header)", path, err)
	}
	for i, row := range s.rows {
		if err := s.check(row); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line+i+2, err)
		}
	}
	return s, nil
}

func (s *sheet) set(key, value string) {
	if _, known := s.meta[key]; !known {
		s.order = append(s.order, key)
	}
	s.meta[key] = value
}

// check refuses what is no price and writes numbers in their shortest form.
func (s *sheet) check(row []string) error {
	if row[0] == "" || strings.ContainsAny(row[0], "\t\n") {
		return fmt.Errorf("key %.40q is empty or holds a tab", row[0])
	}
	for i := 2; i < len(row); i++ {
		if i == 3 || row[i] == "" || i > 3 && (s.meta["kind"] == "spec" || s.columns[4] == "table") {
			continue
		}
		d, err := decimal.NewFromString(row[i])
		switch {
		case err != nil || d.IsNegative():
			return fmt.Errorf("%.60s, %s: %.40q is not a price", row[0], s.columns[i], row[i])
		case d.IsZero() && i > 3 && s.meta["free"] == "":
			return fmt.Errorf("%.60s, %s: a price of zero in a table without «# free: why»", row[0], s.columns[i])
		}
		row[i] = d.String()
	}
	return nil
}

// resolveMap makes a table of short keys: each line names a row of another table, a tier and a factor.
func resolveMap(root, path string, sheets map[string]*sheet) error {
	m, err := readSheet(path)
	if err != nil {
		return err
	}
	out := &sheet{meta: m.meta, order: m.order, columns: []string{"key", "unit", "from", "note"}}
	cells := map[string][]map[string]string{}
	var keys []string
	for i, row := range m.rows {
		source := sheets[row[4]]
		if source == nil {
			return fmt.Errorf("%s: row %d: no table %q", path, i+1, row[4])
		}
		values, err := source.scaled(row[5], row[6])
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", path, i+1, err)
		}
		if len(cells[row[0]]) == 0 {
			keys = append(keys, row[0])
		}
		values["unit"], values["from"] = row[1], row[2]
		cells[row[0]] = append(cells[row[0]], values)
		for region := range values {
			if region != "unit" && region != "from" && !slices.Contains(out.columns, region) {
				out.columns = append(out.columns, region)
			}
		}
	}
	slices.Sort(out.columns[4:])
	for _, key := range keys {
		for _, values := range cells[key] {
			row := []string{key, values["unit"], values["from"], ""}
			for _, region := range out.columns[4:] {
				row = append(row, values[region])
			}
			out.rows = append(out.rows, row)
		}
	}
	name, err := filepath.Rel(root, strings.TrimSuffix(path, ".map.csv"))
	if err != nil {
		return err
	}
	if name = filepath.ToSlash(name); sheets[name] != nil {
		return fmt.Errorf("%s: table %s exists already", path, name)
	}
	sheets[name] = out
	return nil
}

// scaled is one row of a table by region, times a factor.
func (s *sheet) scaled(key, factor string) (map[string]string, error) {
	by := decimal.NewFromInt(1)
	if factor != "" {
		var err error
		if by, err = decimal.NewFromString(factor); err != nil {
			return nil, err
		}
	}
	for _, row := range s.rows {
		if row[0] != key {
			continue
		}
		out := map[string]string{}
		for i := 4; i < len(row); i++ {
			if row[i] != "" {
				d, err := decimal.NewFromString(row[i])
				if err != nil {
					return nil, err
				}
				out[s.columns[i]] = d.Mul(by).String()
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("no row %q", key)
}

func write(dir string, sheets map[string]*sheet) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(sheets)) {
		text, err := sheets[name].text()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(dir, filepath.FromSlash(name)+".tsv")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	digest, err := price.DigestOf(os.DirFS(dir))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "DIGEST"), []byte(digest+"\n"), 0o644)
}

// text is the table in the book's format; columns without any value are left out.
func (s *sheet) text() (string, error) {
	keep := []int{0, 1, 2, 3}
	for i := 4; i < len(s.columns); i++ {
		if slices.ContainsFunc(s.rows, func(row []string) bool { return row[i] != "" }) {
			keep = append(keep, i)
		}
	}
	slices.SortStableFunc(s.rows, func(a, b []string) int {
		from := func(r []string) decimal.Decimal { d, _ := decimal.NewFromString(cmp.Or(r[2], "0")); return d }
		return cmp.Or(strings.Compare(a[0], b[0]), from(a).Cmp(from(b)))
	})
	var b strings.Builder
	for _, key := range s.order {
		fmt.Fprintf(&b, "# %s: %s\n", key, s.meta[key])
	}
	line := func(row []string) {
		for n, i := range keep {
			if n > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(row[i])
		}
		b.WriteByte('\n')
	}
	line(s.columns)
	for i, row := range s.rows {
		if i > 0 && row[0] == s.rows[i-1][0] && row[2] == s.rows[i-1][2] {
			return "", fmt.Errorf("%s from %q stands twice", row[0], row[2])
		}
		line(row)
	}
	return b.String(), nil
}
