package actions

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
)

// TestArchived: what is packed comes out again, and is never what a reader would take for a bomb.
func TestArchived(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{"empty": "", "text": "a report\n", "the same for ever": strings.Repeat("<testcase/>", 1<<20)} {
		packed, err := archived("evidence.json", []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
		if err != nil || len(z.File) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		f := z.File[0]
		if f.UncompressedSize64 > 2*storedRatio*max(f.CompressedSize64, 1) {
			t.Errorf("%s: unpacks to %d bytes from %d", name, f.UncompressedSize64, f.CompressedSize64)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != data {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
	}
}
