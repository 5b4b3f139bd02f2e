package orgpackage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// written returns the files in dir, without the list of them.
func written(t *testing.T, dir string) project {
	t.Helper()
	files, err := readProject(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	delete(files, listName)
	return files
}

func writeTo(t *testing.T, dir string, p project) error {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	return p.write(root, dir)
}

func TestWhatIsWrittenIsThePackage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	want, err := readProject(FS())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, written(t, dir)); diff != "" {
		t.Errorf("files (-package +written):\n%s", diff)
	}
	for _, name := range []string{"sfdx-project.json", mainDirectory, captureDirectory} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}

	// What was written converts to what is embedded.
	ours, err := Options{ChangeDataCapture: true}.layout(FS())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := Options{ChangeDataCapture: true}.layout(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ours, theirs, cmp.AllowUnexported(layout{})); diff != "" {
		t.Errorf("layout (-embedded +written):\n%s", diff)
	}
}

func TestAnUpgradeReplacesWhatTheLastOneWrote(t *testing.T) {
	dir := t.TempDir()
	if err := writeTo(t, dir, project{"a.xml": []byte("1"), "d/b.xml": []byte("1"), "d/gone.xml": []byte("1"), "d/edited.xml": []byte("1")}); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, "mine.txt"), []byte("mine"))
	save(t, filepath.Join(dir, "d", "edited.xml"), []byte("edited"))
	next := project{"a.xml": []byte("2"), "d/b.xml": []byte("1"), "e/new.xml": []byte("2")}
	for range 2 { // the second time there is nothing to do
		if err := writeTo(t, dir, next); err != nil {
			t.Fatal(err)
		}
		want := project{"a.xml": []byte("2"), "d/b.xml": []byte("1"), "e/new.xml": []byte("2"), "mine.txt": []byte("mine"), "d/edited.xml": []byte("edited")}
		if diff := cmp.Diff(want, written(t, dir)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	}
}

func TestWhatSomebodyElseWroteIsNotOverwritten(t *testing.T) {
	const name = mainDirectory + "/main/default/tabs/SMS__c.tab-meta.xml"
	for what, prepare := range map[string]func(t *testing.T, dir string) string{
		"a project of somebody's": func(t *testing.T, dir string) string {
			save(t, filepath.Join(dir, "sfdx-project.json"), []byte("{}"))
			return "sfdx-project.json"
		},
		"a file that somebody changed since": func(t *testing.T, dir string) string {
			if err := Write(dir); err != nil {
				t.Fatal(err)
			}
			save(t, filepath.Join(dir, name), []byte("<CustomTab/>"))
			return name
		},
		"a folder of this name": func(t *testing.T, dir string) string {
			if err := os.MkdirAll(filepath.Join(dir, name, "inner"), 0o755); err != nil {
				t.Fatal(err)
			}
			return name
		},
		"a link to somewhere else": func(t *testing.T, dir string) string {
			elsewhere := filepath.Join(t.TempDir(), "elsewhere")
			save(t, elsewhere, []byte("precious"))
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(elsewhere, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			return name
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			blamed := prepare(t, dir)
			before := snapshot(t, dir)
			err := Write(dir)
			var foreign *ForeignFilesError
			if !errors.As(err, &foreign) || len(foreign.Files) != 1 || foreign.Files[0] != blamed {
				t.Errorf("Write: %v; want an error about %s", err, blamed)
			}
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Errorf("it wrote all the same (-before +after):\n%s", diff)
			}
		})
	}
}

func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, _ := os.ReadFile(path) // of a link: what it leads to
			found[path] = d.Type().String() + " " + string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNothingIsWrittenOutsideOfTheFolder(t *testing.T) {
	elsewhere := t.TempDir()

	linked := t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(linked, mainDirectory)); err != nil {
		t.Fatal(err)
	}
	if err := Write(linked); err == nil {
		t.Error("Write through a link out of the folder succeeded")
	}

	// A list that somebody forged, so that files are taken away elsewhere.
	victim := filepath.Join(elsewhere, "victim")
	save(t, victim, []byte("x"))
	forged := t.TempDir()
	for _, name := range []string{"../" + filepath.Base(elsewhere) + "/victim", victim} {
		save(t, filepath.Join(forged, listName), []byte(`{"files":{"`+name+`":"`+sum([]byte("x"))+`"}}`))
		if err := Write(forged); err == nil {
			t.Errorf("Write with a list that names %s succeeded", name)
		}
	}

	if diff := cmp.Diff(project{"victim": []byte("x")}, written(t, elsewhere)); diff != "" {
		t.Errorf("elsewhere (-before +after):\n%s", diff)
	}
}

func TestAFileThatBelongsNowhereIsAnError(t *testing.T) {
	const good = `<CustomField xmlns="` + namespace + `"><fullName>A__c</fullName></CustomField>`
	for name, text := range map[string]string{
		"objects/X__c/fields/B__c.field-meta.xml":   good, // its name is A__c
		"objects/X__c/fields/A__c.xml":              good,
		"objects/X__c/A__c.field-meta.xml":          good,
		"objects/X__c/fields/a/A__c.field-meta.xml": good,
		"objects/Y__c/X__c.object-meta.xml":         `<CustomObject xmlns="` + namespace + `"/>`,
		"objects/X__c/fields/A__c.field-meta.xml":   `<CustomField xmlns="` + namespace + `"><fullName a="b">A__c</fullName></CustomField>`,
		"tabs/X__c.tab":                             "",
		"tabs/sub/X__c.tab-meta.xml":                "",
		"X__c.tab-meta.xml":                         "",
		"unheardof/X.unheardof-meta.xml":            "",
		"README.md":                                 "",
	} {
		fsys := fstest.MapFS{mainDirectory + "/main/default/" + name: {Data: []byte(text)}}
		if l, err := (Options{}).layout(fsys); err == nil {
			t.Errorf("%s became %v", name, l.components)
		}
	}
}
