package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"regexp"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// A Renderer turns page structs into HTML. Every template is parsed when it
// is made, and a page is rendered whole before its first byte is sent, so a
// visitor never sees half of one. It is safe for concurrent use.
//
// All templates are one set. A page called NAME is the template NAME-main, the
// content of its <main>, between the two halves of the app's layout; one with
// another layout has a template NAME-root that says so.
type Renderer struct {
	assets    *Assets
	templates *template.Template
}

// NewRenderer parses the embedded templates. It fails when one of them does
// not parse.
func NewRenderer(a *Assets) (*Renderer, error) {
	t, err := template.New("").
		Option("missingkey=error").
		Funcs(template.FuncMap{
			"asset":        a.URL,
			"icon":         a.Icon,
			"pair":         pair,
			"object":       objectClass,
			"object_label": objectLabel,
			"unbroken":     unbroken,
			"object_icon": func(object string) (template.HTML, error) {
				return a.Icon("standard", objectClass(object))
			},
		}).
		ParseFS(templateFiles, "templates/*/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: parse templates: %w", err)
	}
	return &Renderer{assets: a, templates: t}, nil
}

// number is a telephone number as people write it, in a sentence.
var number = regexp.MustCompile(`[+(]?\d[\d() .-]{5,}\d`)

// unbroken is a sentence whose telephone numbers do not end in the next line.
func unbroken(sentence string) template.HTML {
	return template.HTML(number.ReplaceAllString(template.HTMLEscapeString(sentence), `<span class="sb-nowrap">$0</span>`))
}

// objectClass names the icon and colour of a CRM object. Custom objects share
// one of their own.
func objectClass(object string) string {
	switch object {
	case "Contact", "Account", "Lead", "SMS":
		return strings.ToLower(object)
	}
	return "record"
}

// Page answers with the page called name: whole, or, when htmx asked for it,
// as the content of <main> with the parts of the frame that change along.
func (r *Renderer) Page(w http.ResponseWriter, req *http.Request, status int, name string, page any) error {
	w.Header().Add("Vary", "HX-Request, HX-Target")
	return respond(w, status, func(b io.Writer) error { return r.execute(b, name, swapsMain(req), page) })
}

// Fragment answers with one partial, called name.
func (r *Renderer) Fragment(w http.ResponseWriter, req *http.Request, status int, name string, data any) error {
	w.Header().Add("Vary", "HX-Request, HX-Target")
	return respond(w, status, func(b io.Writer) error { return r.templates.ExecuteTemplate(b, name, data) })
}

// swapsMain reports whether htmx asked, and wants the content of <main>.
func swapsMain(req *http.Request) bool {
	return req.Header.Get("HX-Request") == "true" &&
		req.Header.Get("HX-Target") == "main" &&
		req.Header.Get("HX-History-Restore-Request") != "true"
}

// execute writes the page called name: whole, or for htmx to swap.
func (r *Renderer) execute(w io.Writer, name string, swap bool, page any) error {
	main, root := name+"-main", name+"-root"
	parts := []string{"app", main, "app-end"}
	switch {
	case swap:
		parts = []string{"swap", main, "swap-end"}
	case r.templates.Lookup(root) != nil:
		parts = []string{root}
	}
	for _, p := range parts {
		if err := r.templates.ExecuteTemplate(w, p, page); err != nil {
			return err
		}
	}
	return nil
}

// respond writes what render makes, or nothing if that fails.
func respond(w http.ResponseWriter, status int, render func(io.Writer) error) error {
	var b bytes.Buffer
	if err := render(&b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader went away
	return nil
}
