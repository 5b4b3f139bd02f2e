package arch

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestEveryDependencyHasItsReason(t *testing.T) {
	found, err := checkReasons(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

// checkReasons returns a finding for each direct requirement in go.mod without
// a comment behind it that says why it is there.
func checkReasons(fsys fs.FS) ([]string, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	var found []string
	inBlock := false
	n := 0
	for line := range strings.Lines(string(mod)) {
		n++
		code, comment, _ := strings.Cut(line, "//")
		code, comment = strings.TrimSpace(code), strings.TrimSpace(comment)
		switch {
		case code == "require (":
			inBlock = true
			continue
		case code == ")":
			inBlock = false
			continue
		case strings.HasPrefix(code, "require "):
			code = strings.TrimPrefix(code, "require ")
		case !inBlock:
			continue
		}
		if module, _, ok := strings.Cut(code, " "); ok && comment == "" {
			found = append(found, fmt.Sprintf("go.mod:%d: no reason for %s: say behind it what it is for", n, module))
		}
	}
	return found, nil
}
