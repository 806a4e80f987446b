// Package memfs is a read-only tree of files in memory.
package memfs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS is a tree. Add files first; then it is safe for concurrent use.
type FS struct {
	files   map[string][]byte
	folders map[string]map[string]bool // folder → names in it → whether the name is a folder
	links   map[string]bool
}

// New makes an empty tree.
func New() *FS {
	return &FS{files: map[string][]byte{}, folders: map[string]map[string]bool{".": {}}, links: map[string]bool{}}
}

// Add puts a file at a valid path (fs.ValidPath), and the folders above it. Any other path is left out.
func (f *FS) Add(name string, data []byte) {
	if !fs.ValidPath(name) || name == "." {
		return
	}
	f.files[name] = data
	for folder := false; name != "."; folder = true {
		parent, base := path.Dir(name), path.Base(name)
		if f.folders[parent] == nil {
			f.folders[parent] = map[string]bool{}
		}
		f.folders[parent][base] = folder
		name = parent
	}
}

// AddLink puts a symbolic link at a valid path. It is seen as one, and leads nowhere.
func (f *FS) AddLink(name string) {
	if fs.ValidPath(name) && name != "." {
		f.Add(name, nil)
		f.links[name] = true
	}
}

var errLink = errors.New("links are not followed")

// Lstat implements fs.ReadLinkFS, so that a link is seen as one.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	if f.links[name] {
		return f.info(name, false), nil
	}
	return f.Stat(name)
}

// ReadLink implements fs.ReadLinkFS.
func (f *FS) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: errLink}
}

func (f *FS) info(name string, isFolder bool) info {
	return info{path.Base(name), int64(len(f.files[name])), isFolder, f.links[name]}
}

// Open opens a file or a folder.
func (f *FS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if f.links[name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errLink}
	}
	if data, ok := f.files[name]; ok {
		return &file{f.info(name, false), bytes.NewReader(data)}, nil
	}
	if _, ok := f.folders[name]; ok {
		list, err := f.ReadDir(name)
		return &folder{f.info(name, true), list}, err
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadFile returns a copy of a file.
func (f *FS) ReadFile(name string) ([]byte, error) {
	if f.links[name] {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errLink}
	}
	if data, ok := f.files[name]; ok {
		return bytes.Clone(data), nil
	}
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
}

// Stat describes a file or a folder.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if f.links[name] {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: errLink}
	}
	if _, ok := f.files[name]; ok {
		return f.info(name, false), nil
	}
	if _, ok := f.folders[name]; ok {
		return f.info(name, true), nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists a folder, sorted by name.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	names, ok := f.folders[name]
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	list := make([]fs.DirEntry, 0, len(names))
	for base, isFolder := range names {
		list = append(list, fs.FileInfoToDirEntry(f.info(path.Join(name, base), isFolder)))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

type info struct {
	name   string
	size   int64
	folder bool
	link   bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.folder }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o555
	}
	if i.link {
		return fs.ModeSymlink | 0o777
	}
	return 0o444
}

type file struct {
	info
	*bytes.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }
func (f *file) Size() int64                { return f.size }

type folder struct {
	info
	list []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *folder) Close() error               { return nil }
func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
}

func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		out := f.list
		f.list = nil
		return out, nil
	}
	if len(f.list) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.list))
	out := f.list[:n]
	f.list = f.list[n:]
	return out, nil
}
