package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A pageCase is one page or fragment in one state.
type pageCase struct {
	name     string
	page     string // of a page
	fragment string // or of a partial
	data     any
}

func renderCases() []pageCase {
	return slices.Concat(deskFixtures(), adminFixtures(), salesforceFixtures())
}

func newTestRenderer(t testing.TB) *Renderer {
	t.Helper()
	a, err := NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRenderer(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t testing.TB, r *Renderer, c pageCase, data any, htmx bool) *html.Node {
	t.Helper()
	var b bytes.Buffer
	var err error
	if c.fragment != "" {
		err = r.templates.ExecuteTemplate(&b, c.fragment, data)
	} else {
		err = r.execute(&b, c.page, htmx, data)
	}
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	doc, err := html.Parse(&b)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return doc
}

func elements(n *html.Node) []*html.Node {
	var all []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode {
			all = append(all, d)
		}
	}
	return all
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func TestEveryPageHasACase(t *testing.T) {
	r := newTestRenderer(t)
	have := map[string]bool{}
	for _, c := range renderCases() {
		have[c.page] = true
	}
	for _, part := range r.templates.Templates() {
		if name, ok := strings.CutSuffix(part.Name(), "-main"); ok && !have[name] {
			t.Errorf("page %q is rendered by no case", name)
		}
	}
}

// What the content security policy would block must not be written at all.
func TestPagesCarryNoInlineCode(t *testing.T) {
	r := newTestRenderer(t)
	for _, c := range renderCases() {
		for _, data := range []any{c.data, hostile(c.data), empty(c.data)} {
			for _, n := range elements(render(t, r, c, data, false)) {
				if n.Data == "style" {
					t.Errorf("%s: a <style> element", c.name)
				}
				if n.Data == "script" && (attr(n, "src") == "" || n.FirstChild != nil) {
					t.Errorf("%s: an inline script", c.name)
				}
				for _, a := range n.Attr {
					switch {
					case strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-on"), a.Key == "style":
						t.Errorf("%s: <%s %s=%q>", c.name, n.Data, a.Key, a.Val)
					case a.Key == "hx-vals" && strings.HasPrefix(a.Val, "js:"):
						t.Errorf("%s: computed hx-vals", c.name)
					case slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
						t.Errorf("%s: <%s %s=%q>", c.name, n.Data, a.Key, a.Val)
					}
				}
			}
		}
	}
}

// A text and a name are shown, never obeyed: the same elements stand in the
// page whatever people write.
func TestHostileTextStaysText(t *testing.T) {
	r := newTestRenderer(t)
	for _, c := range renderCases() {
		for _, htmx := range []bool{false, true} {
			doc := render(t, r, c, hostile(c.data), htmx)
			for _, n := range elements(doc) {
				if n.Data == "x-evil" {
					t.Errorf("%s: hostile text became an element inside <%s>", c.name, n.Parent.Data)
				}
				for _, a := range n.Attr {
					if a.Key == "x-evil" {
						t.Errorf("%s: hostile text became an attribute of <%s>", c.name, n.Data)
					}
				}
			}
		}
	}
}

const evil = "javascript:alert(1)`\"'><x-evil x-evil=1>&amp;{{.}}\u202e\u0000"

// keep names the fields that are not written by anybody: they choose an icon,
// a class or a branch.
var keep = regexp.MustCompile(`^(Icon|HintIcon|Kind|Type|Section|Theme)$`)

// hostile is a copy of v with every string replaced by one that tries to get
// out of every context of a page.
func hostile(v any) any {
	out := reflect.New(reflect.TypeOf(v)).Elem()
	out.Set(reflect.ValueOf(v))
	fill(out, func(s reflect.Value) {
		if s.String() != "" {
			s.SetString(evil)
		}
	})
	return out.Interface()
}

// empty is the zero value of v's type, which a page must survive too; names
// of icons stay.
func empty(v any) any { return reflect.Zero(reflect.TypeOf(v)).Interface() }

func fill(v reflect.Value, set func(reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		set(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !keep.MatchString(f.Name) {
				fill(v.Field(i), set)
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		v.Set(c)
		for i := range c.Len() {
			fill(c.Index(i), set)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(v.Elem())
		v.Set(c)
		fill(c.Elem(), set)
	}
}

func TestEveryClassIsInTheStylesheet(t *testing.T) {
	a, err := NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	css := string(a.byURL[a.urls["app.css"]].body)
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.([a-zA-Z][a-zA-Z0-9_-]*)`).FindAllStringSubmatch(css, -1) {
		known[m[1]] = true
	}
	r := newTestRenderer(t)
	for _, c := range renderCases() {
		for _, n := range elements(render(t, r, c, c.data, false)) {
			for class := range strings.FieldsSeq(attr(n, "class")) {
				if !known[class] {
					t.Errorf("%s: class %q of <%s> is not in the stylesheet", c.name, class, n.Data)
				}
			}
		}
	}
}

// Ids are unique, and whatever points to an id finds it.
func TestReferencesInsideAPage(t *testing.T) {
	r := newTestRenderer(t)
	for _, c := range renderCases() {
		doc := render(t, r, c, c.data, false)
		ids := map[string]bool{}
		for _, n := range elements(doc) {
			id := attr(n, "id")
			if id != "" && ids[id] {
				t.Errorf("%s: id %q stands twice", c.name, id)
			}
			ids[id] = true
		}
		for _, n := range elements(doc) {
			for _, name := range []string{"for", "aria-labelledby", "aria-describedby", "aria-controls", "popovertarget", "form"} {
				for ref := range strings.FieldsSeq(attr(n, name)) {
					if !ids[ref] && !(c.fragment != "" && name == "form") {
						t.Errorf("%s: <%s %s=%q> points nowhere", c.name, n.Data, name, ref)
					}
				}
			}
		}
		if c.fragment != "" {
			continue
		}
		for _, name := range []string{"h1", "main", "title"} {
			n := 0
			for _, e := range elements(doc) {
				if e.Data == name && e.Namespace == "" { // a drawing may have titles of its own
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s: %d <%s> elements, want 1", c.name, n, name)
			}
		}
	}
}

func TestFragmentForHTMX(t *testing.T) {
	r := newTestRenderer(t)
	page := fixtureUnassigned()
	page.Toasts = []Toast{{Kind: "done", Icon: "success", Title: "Assigned to Ada Okafor", Undo: "u1"}}
	req := httptest.NewRequest(http.MethodGet, "/unassigned", nil)
	req.Header.Set("HX-Request", "true")
	req.Header.Set("HX-Target", "main")
	rec := httptest.NewRecorder()
	r.Page(rec, req, http.StatusOK, "unassigned", page)
	body := rec.Body.String()
	if got := rec.Header().Get("Vary"); got != "HX-Request, HX-Target" {
		t.Errorf("Vary is %q", got)
	}
	if strings.Contains(body, "<html") {
		t.Error("htmx got the whole page")
	}
	for _, part := range []string{"<title>(4) Unassigned", `id="nav-waiting" hx-swap-oob`, `id="bell-count" hx-swap-oob`, `id="toasts" hx-swap-oob="beforeend"`, `aria-label="Assigned to Ada Okafor"`} {
		if !strings.Contains(body, part) {
			t.Errorf("the answer lacks %s", part)
		}
	}
}

func TestAssetsAreServedForEver(t *testing.T) {
	a, err := NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	url, err := a.URL("app.css")
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, url, nil))
	if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") || rec.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%s: %d, %v", url, rec.Code, rec.Header())
	}
	rec = httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/assets/app.css", nil))
	if rec.Code != http.StatusNotFound {
		t.Errorf("an address without the hash answers %d", rec.Code)
	}
	if _, err := a.URL("app-none.css"); err == nil {
		t.Error("an asset that does not exist has an address")
	}
	if _, err := a.Icon("utility", "brightness"); err == nil {
		t.Error("an icon that does not exist has markup")
	}
}

// The licence forbids altered icons, and a repository should hold no unused
// ones: what is vendored is what templates and Go code name.
func TestIconsAreUsed(t *testing.T) {
	a, err := NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	used := usedIcons(t)
	for id := range a.icons {
		if !used[id] {
			t.Errorf("icon %q is vendored and never used", id)
		}
	}
}
