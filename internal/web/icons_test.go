package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// usedIcons are the ids of icons that a template names, or that Go code
// outside tests puts into the field of a view.
func usedIcons(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	err := fs.WalkDir(templateFiles, "templates", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := templateFiles.ReadFile(p)
		for _, m := range regexp.MustCompile(`icon "(utility|standard)" "([a-zA-Z_]+)"`).FindAllStringSubmatch(string(body), -1) {
			used[m[1]+"-"+m[2]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(string(body), -1) {
			used["utility-"+m[1]] = true
		}
	}
	for _, object := range []string{"Contact", "Account", "Lead", "SMS", "Anything__c"} {
		used["standard-"+objectClass(object)] = true
	}
	return used
}
