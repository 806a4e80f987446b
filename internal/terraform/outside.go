package terraform

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// everything stands for reads that may be of any file.
const everything = "."

var (
	quotedParent = regexp.MustCompile(`"((?:[^"\\]|\\.)*\.\./(?:[^"\\]|\\.)*)"`)                          //nolint:gochecknoglobals // compiled once
	elsewhere    = regexp.MustCompile(`\b(dirname|abspath|get_repo_root|get_parent_terragrunt_dir)\s*\(`) //nolint:gochecknoglobals // compiled once
)

// Outside lists what the source of folders may read beside them, by file or folder, sorted: every text with ../ in it, up
// to its first expression, as a path from the folder. It is read from the text, not evaluated, so that it names too much
// rather than too little; a path that is put together by functions may be any file.
func Outside(fsys fs.FS, folders []string) []string {
	var out []string
	for _, dir := range folders {
		entries, err := fs.ReadDir(fsys, dir)
		if err != nil {
			continue // a folder that is gone reads nothing
		}
		for _, e := range entries {
			if !IsSource(e.Name()) {
				continue
			}
			data, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
			if err != nil {
				out = append(out, everything)
				continue
			}
			out = append(out, outsideOf(dir, string(data))...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func outsideOf(dir, text string) []string {
	var out []string
	if elsewhere.MatchString(text) {
		out = append(out, everything)
	}
	for _, m := range quotedParent.FindAllStringSubmatch(text, -1) {
		_, rest, _ := strings.Cut(m[1], "../")
		rest = "../" + rest
		if before, _, expression := strings.Cut(rest, "${"); expression {
			rest = before[:strings.LastIndexByte(before, '/')+1]
		}
		if at := path.Join(dir, rest); at != ".." && !strings.HasPrefix(at, "../") {
			out = append(out, at)
		}
	}
	return out
}

// Reads reports that one of the files is among what Outside lists, or below it.
func Reads(outside, files []string) bool {
	return slices.ContainsFunc(outside, func(o string) bool {
		return slices.ContainsFunc(files, func(f string) bool {
			return o == everything || f == o || strings.HasPrefix(f, o+"/")
		})
	})
}
