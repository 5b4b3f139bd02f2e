package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

var problemType = reflect.TypeFor[Problem]()

//go:embed docs
var docsFiles embed.FS

// docs is the OpenAPI document and the page that shows it: both public.
type docs struct {
	document []byte
	page     []byte
}

func newDocs(doc *huma.OpenAPI) *docs {
	finish(doc)
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // it is made of this package's types
	}
	t := template.Must(template.New("docs.html").Funcs(template.FuncMap{"lower": strings.ToLower, "prose": prose}).ParseFS(docsFiles, "docs/docs.html"))
	var page bytes.Buffer
	if err := t.Execute(&page, newDocsPage(doc)); err != nil {
		panic(err) // the template is embedded, and so is all that it shows
	}
	return &docs{text, page.Bytes()}
}

// span is a piece of a sentence.
type span struct {
	Code bool
	Text string
}

// prose splits a sentence where backticks stand, as Markdown sets code.
func prose(s string) []span {
	var spans []span
	for i, text := range strings.Split(s, "`") {
		spans = append(spans, span{i%2 == 1, text})
	}
	return spans
}

// docsPolicy keeps the page from loading anything that is not ours.
const docsPolicy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"

func (d *docs) register(mux *http.ServeMux) {
	serve := func(path, contentType string, content []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h.Set("Content-Type", contentType)
			h.Set("Content-Security-Policy", docsPolicy)
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cache-Control", "no-cache")
			_, _ = w.Write(content) // who asked may be gone
		})
	}
	file := func(name string) []byte {
		content, err := docsFiles.ReadFile("docs/" + name)
		if err != nil {
			panic(err) // it is embedded
		}
		return content
	}
	serve(root+"/openapi.json", "application/json", d.document)
	serve(docsPath, "text/html; charset=utf-8", d.page)
	serve(docsPath+"/docs.css", "text/css; charset=utf-8", file("docs.css"))
	serve(docsPath+"/docs.js", "text/javascript; charset=utf-8", file("docs.js"))
}
