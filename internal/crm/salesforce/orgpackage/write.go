package orgpackage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// listName is a file beside sfdx-project.json that says what was written, so
// that the next version knows its own files from a person's.
const listName = ".switchboard-package.json"

// A fileList says what [Write] wrote.
type fileList struct {
	Version string            `json:"version"`
	Files   map[string]string `json:"files"` // SHA-256 by name
}

// A ForeignFilesError names the files that stand where the package would go,
// and that Switchboard did not write or that somebody changed since.
type ForeignFilesError struct {
	Dir   string
	Files []string
}

func (e *ForeignFilesError) Error() string {
	const shown = 5
	names := strings.Join(e.Files[:min(shown, len(e.Files))], ", ")
	if more := len(e.Files) - shown; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("nothing was written: in %s somebody else wrote or changed %s. Name an empty folder, or move these away.", e.Dir, names)
}

// Write writes the project into dir, which it makes if there is none. It
// replaces what an earlier Write left there, and takes away what is no longer
// in the package. A file that somebody else wrote or changed is never touched:
// if the package needs its place, nothing is written and the error is a
// [*ForeignFilesError].
func Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // nothing leaves dir, not even by a link in it
	if err != nil {
		return err
	}
	defer root.Close()
	project, err := readProject(FS())
	if err != nil {
		return err
	}
	return project.write(root, dir)
}

// A project is files by name.
type project map[string][]byte

func readProject(fsys fs.FS) (project, error) {
	p := project{}
	return p, fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		p[name], err = fs.ReadFile(fsys, name)
		return err
	})
}

func (p project) write(root *os.Root, dir string) error {
	before, err := readList(root)
	if err != nil {
		return err
	}
	after := fileList{Version: Version, Files: map[string]string{}}
	var due, foreign []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		after.Files[name] = sum(p[name])
		found, err := sumOf(root, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			due = append(due, name)
		case err != nil:
			return err
		case found == after.Files[name]:
		case found != "" && found == before.Files[name]:
			due = append(due, name)
		default:
			foreign = append(foreign, name)
		}
	}
	if len(foreign) > 0 {
		return &ForeignFilesError{Dir: dir, Files: foreign}
	}
	for _, name := range due {
		if err := replace(root, name, p[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Files)) {
		if _, still := p[name]; still {
			continue
		}
		if found, err := sumOf(root, name); err == nil && found == before.Files[name] {
			if err := root.Remove(name); err != nil {
				return err
			}
		}
	}
	text, err := json.MarshalIndent(after, "", "  ")
	if err != nil {
		return err
	}
	return replace(root, listName, append(text, '\n'))
}

// readList returns what an earlier Write left, which is nothing if there is no
// list.
func readList(root *os.Root) (fileList, error) {
	var l fileList
	text, err := root.ReadFile(listName)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("name an empty folder, or move %s away, which cannot be read: %w", path.Join(root.Name(), listName), err)
	}
	for name := range l.Files {
		if !fs.ValidPath(name) {
			return l, fmt.Errorf("name an empty folder, or move %s away: it names %q, which is no file of the package", path.Join(root.Name(), listName), name)
		}
	}
	return l, nil
}

// sumOf returns the sum of the file called name, "" if something else than a
// file has this name.
func sumOf(root *os.Root, name string) (string, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", nil
	}
	text, err := root.ReadFile(name)
	if err != nil {
		return "", err
	}
	return sum(text), nil
}

func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}

// replace writes the file as a whole or not at all.
func replace(root *os.Root, name string, text []byte) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	fresh := name + ".new"
	if err := root.WriteFile(fresh, text, 0o644); err != nil {
		return err
	}
	return root.Rename(fresh, name)
}
