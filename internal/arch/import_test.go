package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// An arrow says what some packages may import. It is about the files that end
// up in the program: tests are free.
//
// Packages of this module are named by their folder, "." being the root, and
// all others by their import path. In a pattern "*" stands for one folder, and
// "..." at the end for any number of them, none included.
type arrow struct {
	of    []string // the packages that it is about
	but   []string // of these, the ones that it is not about
	only  []string // of this module they import nothing else; nil: no such limit
	under []string // of other modules they import nothing else; nil: no such limit
	never []string // they import none of these, except within one family
	why   string
}

var (
	adapters = []string{"internal/provider/*/...", "internal/crm/*/...", "internal/notify/*/..."}
	forTests = []string{"internal/pgtest", "internal/store/storetest", "internal/provider/providertest"}
	database = []string{"internal/store/...", "internal/pgtest"}
	leaves   = []string{"internal/fault", "internal/live", "internal/password", "internal/seal"} // anybody's, for they know nobody
)

// arrows is the design's picture of the program, as a table.
var arrows = []arrow{{
	of:    []string{"."},
	only:  []string{},
	under: []string{"github.com/nyaruka/phonenumbers/..."},
	why:   "the root package is the nouns and the rule, and reads nothing but its arguments",
}, {
	of:   leaves,
	only: []string{"."},
	why:  "what everybody may use uses nobody",
}, {
	of:   []string{"internal/store"},
	only: append([]string{".", "internal/store/*"}, leaves...),
	why:  "the store knows the nouns, and none of its users",
}, {
	of:   []string{"internal/intake", "internal/outbox"},
	only: append([]string{".", "internal/store"}, leaves...),
	why:  "they decide by the root package and write by the store, whoever asks",
}, {
	of:   []string{"internal/notify"},
	only: append([]string{".", "internal/store", "internal/outbox"}, leaves...),
	why:  "it does the outbox's jobs, by whichever adapter a command gives it",
}, {
	of:   []string{"internal/crm"},
	only: append([]string{".", "internal/store", "internal/outbox"}, leaves...),
	why:  "it keeps the store and a CRM the same, by whichever adapter a command gives it",
}, {
	of:   []string{"internal/desk"},
	only: append([]string{".", "internal/store", "internal/intake"}, leaves...),
	why:  "what people do is written by the store; a message that they hand in takes the intake's way like any other",
}, {
	of:    adapters,
	never: []string{"internal/store/...", "internal/desk", "internal/intake", "internal/outbox"},
	why:   "an adapter turns a vendor's bytes into nouns and back, and nothing else",
}, {
	of:    []string{"..."},
	but:   []string{"cmd/..."},
	never: adapters,
	why:   "only a command names vendors: not a parent, not a page, not another adapter",
}, {
	of:    []string{"..."},
	but:   []string{"cmd/..."},
	never: []string{"internal/api/...", "internal/web/..."},
	why:   "pages and API are the outermost layer; what they share is below them",
}, {
	of:    []string{"..."},
	but:   database,
	never: []string{"database/sql/...", "modernc.org/sqlite/...", "github.com/jackc/...", "github.com/pressly/..."},
	why:   "all SQL is in internal/store",
}, {
	of:    []string{"..."},
	never: []string{"cmd/..."},
	why:   "a command is where packages meet, not one of them",
}, {
	of:    []string{"..."},
	but:   forTests,
	never: append([]string{"testing/..."}, forTests...),
	why:   "what is made for tests stays out of the program",
}}

func TestImportsFollowTheArrows(t *testing.T) {
	report(t, checkArrows(sources(t), arrows))
}

func checkArrows(src *tree, arrows []arrow) []finding {
	var found []finding
	for _, f := range src.files {
		if f.test {
			continue
		}
		for _, spec := range f.syntax.Imports {
			imp := src.importPath(spec)
			for _, a := range arrows {
				if matchAny(a.of, f.dir) && !matchAny(a.but, f.dir) && !a.allows(f.dir, imp) {
					found = append(found, src.finding(spec, fmt.Sprintf("%s imports %s: %s", f.dir, imp, a.why)))
				}
			}
		}
	}
	return found
}

// allows reports whether the package in folder dir may import imp.
func (a arrow) allows(dir string, imp importPath) bool {
	switch {
	case matchAny(a.never, imp.path) && family(dir) != family(imp.path):
		return false
	case imp.std:
		return true
	case imp.ours:
		return a.only == nil || matchAny(a.only, imp.path)
	default:
		return a.under == nil || matchAny(a.under, imp.path)
	}
}

// family returns the folder that holds all of one part of the program: an
// adapter with its own sub-packages, or else the folder below internal or cmd.
func family(dir string) string {
	depth := 2
	if matchAny(adapters, dir) {
		depth = 3
	}
	parts := strings.Split(dir, "/")
	return strings.Join(parts[:min(depth, len(parts))], "/")
}

func matchAny(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, dir) })
}

func match(pattern, dir string) bool {
	want, rest := strings.CutSuffix(pattern, "...")
	if !rest {
		ok, err := path.Match(pattern, dir)
		return err == nil && ok
	}
	want = strings.TrimSuffix(want, "/")
	if want == "" {
		return true
	}
	parts := strings.Split(dir, "/")
	depth := strings.Count(want, "/") + 1
	if len(parts) < depth {
		return false
	}
	ok, err := path.Match(want, strings.Join(parts[:depth], "/"))
	return err == nil && ok
}
