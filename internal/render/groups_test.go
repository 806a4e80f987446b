package render

import (
	"os"
	"path/filepath"
	"testing"
)

// TestGroupsAddUp holds that no grouping of any case loses or adds money, folded into a chart or not.
func TestGroupsAddUp(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ReadJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		total, known := r.Total.Get()
		if !known {
			continue
		}
		for d := ByProvider; d <= ByProject; d++ {
			for name, groups := range map[string][]group{"groups": groupsOf(r, d), "folded": folded(groupsOf(r, d))} {
				sum := total.After.Sub(total.After)
				for _, g := range groups {
					sum = sum.Add(g.Monthly.After)
				}
				if sum.Cmp(total.After) != 0 {
					t.Errorf("%s by %s, %s: %s of %s", file, d, name, sum, total.After)
				}
			}
		}
	}
}

func TestParseDimension(t *testing.T) {
	t.Parallel()
	for i, name := range Dimensions() {
		if d, err := ParseDimension(name); err != nil || int(d) != i+1 || d.String() != name {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	for _, wrong := range []string{"", "Provider", "tag"} {
		if d, err := ParseDimension(wrong); wrong != "" && (err == nil || d != NoDimension) {
			t.Errorf("%q: %v, %v", wrong, d, err)
		}
	}
}
