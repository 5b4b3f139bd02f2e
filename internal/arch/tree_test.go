package arch

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A tree is the Go source of a module.
type tree struct {
	module string
	fset   *token.FileSet
	files  []*file
}

type file struct {
	dir    string // of its package, from the module's root
	test   bool
	syntax *ast.File
}

// A finding is something that should not be where it is.
type finding struct {
	at   token.Position
	what string
}

func (f finding) String() string { return fmt.Sprintf("%s: %s", f.at, f.what) }

// report fails t with each finding.
func report(t *testing.T, found []finding) {
	t.Helper()
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.at.Filename, b.at.Filename), cmp.Compare(a.at.Line, b.at.Line))
	})
	for _, f := range found {
		t.Error(f)
	}
}

// sources reads the module that this test is part of.
func sources(t *testing.T) *tree {
	t.Helper()
	src, err := parse(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// parse reads all Go files below the root of fsys, whatever their build
// constraints, but not those that the go command leaves out too.
func parse(fsys fs.FS) (*tree, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	src := &tree{fset: token.NewFileSet()}
	for line := range strings.Lines(string(mod)) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			src.module = strings.TrimSpace(rest)
		}
	}
	return src, fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && leftOut(fsys, name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(src.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		src.files = append(src.files, &file{
			dir:    path.Dir(name),
			test:   strings.HasSuffix(name, "_test.go"),
			syntax: syntax,
		})
		return nil
	})
}

func leftOut(fsys fs.FS, dir string) bool {
	base := path.Base(dir)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

// byDir groups the files by package folder.
func (src *tree) byDir() map[string][]*file {
	dirs := map[string][]*file{}
	for _, f := range src.files {
		dirs[f.dir] = append(dirs[f.dir], f)
	}
	return dirs
}

func (src *tree) finding(n ast.Node, what string) finding {
	return finding{src.fset.Position(n.Pos()), what}
}

// An importPath is a folder of this module, or a package of another.
type importPath struct {
	path string
	ours bool
	std  bool
}

func (p importPath) String() string { return p.path }

func (src *tree) importPath(spec *ast.ImportSpec) importPath {
	// The parser has checked that it is a string.
	imp, _ := strconv.Unquote(spec.Path.Value)
	if imp == src.module {
		return importPath{path: ".", ours: true}
	}
	if dir, ok := strings.CutPrefix(imp, src.module+"/"); ok {
		return importPath{path: dir, ours: true}
	}
	first, _, _ := strings.Cut(imp, "/")
	return importPath{path: imp, std: !strings.Contains(first, ".")}
}
