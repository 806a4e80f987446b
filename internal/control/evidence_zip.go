package control

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/org/platform-action/internal/evidence/report"
)

// Bounds of an artifact: it holds one document, and whatever an action puts beside it.
const (
	maxArtifact      = 16 << 20 // packed
	artifactEntries  = 100
	artifactDepth    = 8
	artifactRatio    = 200 // of what it unpacks to
	artifactDocument = "evidence.json"
)

// unpackEvidence takes the document out of an artifact's archive. An archive that holds anything odd is refused whole:
// what is not read could be what somebody else reads.
func unpackEvidence(data []byte) ([]byte, error) {
	if len(data) > maxArtifact {
		return nil, &OversizedError{"the archive", maxArtifact}
	}
	if n := bytes.Count(data, []byte("PK\x01\x02")); n > artifactEntries { // before each of them takes memory
		return nil, fmt.Errorf("the archive has %d entries; at most %d are read", n, artifactEntries)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, errors.New("the archive is no ZIP file, or damaged")
	}
	var document *zip.File
	seen := map[string]bool{}
	for _, f := range archive.File {
		if err := plainEntry(f); err != nil {
			return nil, err
		}
		folded := strings.ToLower(f.Name)
		if seen[folded] {
			return nil, fmt.Errorf("the archive holds %.80q twice, or in another case", f.Name)
		}
		seen[folded] = true
		if f.Name == artifactDocument {
			document = f
		}
	}
	if document == nil {
		return nil, fmt.Errorf("the archive holds no %s", artifactDocument)
	}
	return readEntry(document)
}

// plainEntry refuses links, devices, names that lead elsewhere, and what unpacks to far more than it is.
func plainEntry(f *zip.File) error {
	name := strings.TrimSuffix(f.Name, "/")
	switch mode := f.Mode(); {
	case !mode.IsRegular() && !mode.IsDir(), mode&fs.ModeSymlink != 0:
		return fmt.Errorf("the archive holds %.80q, which is neither a file nor a folder", f.Name)
	case name == "" || path.Clean(name) != name || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") ||
		strings.ContainsAny(name, "\\\x00:") || strings.Count(name, "/") >= artifactDepth:
		return fmt.Errorf("the archive holds the name %.80q, which is no plain path", f.Name)
	case f.UncompressedSize64 > report.MaxDocument:
		return fmt.Errorf("%.80q unpacks to %d bytes; at most %d are read", f.Name, f.UncompressedSize64, int64(report.MaxDocument))
	case f.UncompressedSize64 > artifactRatio*max(f.CompressedSize64, 1):
		return fmt.Errorf("%.80q unpacks to more than %d times its size", f.Name, artifactRatio)
	}
	return nil
}

func readEntry(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s is packed in a way that is not read here", artifactDocument)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, report.MaxDocument+1)) // the header may not tell the truth
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is damaged", artifactDocument)
	case len(data) > report.MaxDocument:
		return nil, &OversizedError{artifactDocument, report.MaxDocument}
	}
	return data, nil
}
