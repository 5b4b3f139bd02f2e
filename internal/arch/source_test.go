package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIsFor(t *testing.T) { report(t, checkDocs(sources(t))) }

func checkDocs(src *tree) []finding {
	var found []finding
	for dir, files := range src.byDir() {
		i := slices.IndexFunc(files, func(f *file) bool { return f.syntax.Doc.Text() != "" })
		if i < 0 {
			found = append(found, src.finding(files[0].syntax.Name, "no package comment in "+dir))
			continue
		}
		f, name := files[i], path.Base(dir)
		begins := []string{"Package " + f.syntax.Name.Name + " "}
		if f.syntax.Name.Name == "main" {
			begins = []string{"Command " + name + " ", strings.ToUpper(name[:1]) + name[1:] + " "}
		}
		if !slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(f.syntax.Doc.Text(), b) }) {
			found = append(found, src.finding(f.syntax.Doc, fmt.Sprintf("the package comment of %s does not begin with %q", dir, begins[0])))
		}
	}
	return found
}

func TestNothingHappensByImporting(t *testing.T) { report(t, checkSideEffects(sources(t))) }

// drivers are the packages that may be imported for what their import does.
var drivers = []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5/stdlib"}

func checkSideEffects(src *tree) []finding {
	var found []finding
	for _, f := range src.files {
		for _, d := range f.syntax.Decls {
			// Generated code registers itself; nobody here wrote that.
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !ast.IsGenerated(f.syntax) {
				found = append(found, src.finding(fn, "an init function: let a caller do it, where it can be seen"))
			}
		}
		for _, spec := range f.syntax.Imports {
			imp := src.importPath(spec).path
			switch {
			case spec.Name == nil || spec.Name.Name != "_" || f.test:
			case imp == "embed": // go:embed into a string or bytes asks for it
			case f.dir == "internal/store" && slices.Contains(drivers, imp):
			case f.dir == "cmd/switchboard" && imp == "time/tzdata": // data, for machines that have none
			default:
				found = append(found, src.finding(spec, "a blank import of "+imp+": only database drivers are, in internal/store"))
			}
		}
	}
	return found
}

func TestPackagesAreNamedForWhatTheyHold(t *testing.T) { report(t, checkNames(sources(t))) }

// vague are names that say nothing of what belongs in a package and what not.
var vague = regexp.MustCompile(`^(base|common|core|helpers?|lib|managers?|misc|models?|services?|shared|types|utils?|utilities)$`)

func checkNames(src *tree) []finding {
	var found []finding
	for dir, files := range src.byDir() {
		for _, name := range []string{path.Base(dir), strings.TrimSuffix(files[0].syntax.Name.Name, "_test")} {
			if vague.MatchString(name) {
				found = append(found, src.finding(files[0].syntax.Name, fmt.Sprintf("a package called %s: name it for what it talks about", name)))
				break
			}
		}
	}
	return found
}

func TestSQLIsOnlyInTheStore(t *testing.T) { report(t, checkSQL(sources(t))) }

// statement finds what begins as an SQL statement does. Salesforce's SOQL looks
// the same, and is at home in internal/crm.
var statement = regexp.MustCompile(`^\s*(SELECT\s[\s\S]*\sFROM\s|INSERT INTO\s|UPDATE\s+\S+\s+SET\s|DELETE FROM\s|WITH\s+\w+\s+AS\s|(CREATE|DROP|ALTER)\s+(TABLE|INDEX|DATABASE)\s)`)

func checkSQL(src *tree) []finding {
	var found []finding
	for _, f := range src.files {
		if f.test || matchAny(append([]string{"internal/crm/..."}, database...), f.dir) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && statement.MatchString(text) {
				found = append(found, src.finding(lit, "SQL outside internal/store"))
			}
			return true
		})
	}
	return found
}
