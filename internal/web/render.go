package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// A Renderer turns page structs into HTML. Every template is parsed when it
// is made, and a page is rendered whole before its first byte is sent, so a
// visitor never sees half of one. It is safe for concurrent use.
type Renderer struct {
	assets *Assets
	log    *slog.Logger
	pages  map[string]*template.Template // by file name without its ending
	parts  *template.Template            // the partials alone
}

// NewRenderer parses the embedded templates. It fails when one of them does
// not parse.
func NewRenderer(a *Assets, log *slog.Logger) (*Renderer, error) {
	parts, err := template.New("").
		Option("missingkey=error").
		Funcs(template.FuncMap{
			"asset":        a.URL,
			"icon":         a.Icon,
			"pair":         pair,
			"object":       objectClass,
			"object_label": objectLabel,
			"object_icon": func(object string) (template.HTML, error) {
				return a.Icon("standard", objectClass(object))
			},
		}).
		ParseFS(templateFiles, "templates/layout/*.html", "templates/partials/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: parse layout and partials: %w", err)
	}
	r := &Renderer{assets: a, log: log, pages: map[string]*template.Template{}, parts: parts}
	files, err := templateFiles.ReadDir("templates/pages")
	if err != nil {
		return nil, fmt.Errorf("web: read pages: %w", err)
	}
	for _, f := range files {
		t, err := parts.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, path.Join("templates/pages", f.Name()))
		}
		if err != nil {
			return nil, fmt.Errorf("web: parse page %s: %w", f.Name(), err)
		}
		r.pages[strings.TrimSuffix(f.Name(), ".html")] = t
	}
	return r, nil
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
func (r *Renderer) Page(w http.ResponseWriter, req *http.Request, status int, name string, page any) {
	part := "root"
	if swapsMain(req) {
		part = "swap"
	}
	w.Header().Add("Vary", "HX-Request, HX-Target")
	r.respond(w, req, status, func(b io.Writer) error { return r.execute(b, name, part, page) })
}

// Fragment answers with one partial, called name.
func (r *Renderer) Fragment(w http.ResponseWriter, req *http.Request, status int, name string, data any) {
	w.Header().Add("Vary", "HX-Request, HX-Target")
	r.respond(w, req, status, func(b io.Writer) error { return r.parts.ExecuteTemplate(b, name, data) })
}

// swapsMain reports whether htmx asked, and wants the content of <main>.
func swapsMain(req *http.Request) bool {
	return req.Header.Get("HX-Request") == "true" &&
		req.Header.Get("HX-Target") == "main" &&
		req.Header.Get("HX-History-Restore-Request") != "true"
}

func (r *Renderer) execute(w io.Writer, name, part string, page any) error {
	t, ok := r.pages[name]
	if !ok {
		return fmt.Errorf("web: no page is called %q", name)
	}
	return t.ExecuteTemplate(w, part, page)
}

func (r *Renderer) respond(w http.ResponseWriter, req *http.Request, status int, render func(io.Writer) error) {
	var b bytes.Buffer
	if err := render(&b); err != nil {
		r.log.ErrorContext(req.Context(), "page not rendered", "path", req.URL.Path, "err", err)
		http.Error(w, "This page could not be shown. Reload it; if it stays away, look into the log of the server.",
			http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader went away
}
