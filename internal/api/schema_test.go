package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"time"
)

// document is the OpenAPI document, as far as answers are checked against it.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Responses map[string]struct {
		Content map[string]struct {
			Schema *schema `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 json.RawMessage    `json:"type"`
	Format               string             `json:"format"`
	Enum                 []any              `json:"enum"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	AdditionalProperties json.RawMessage    `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	AnyOf                []*schema          `json:"anyOf"`
	AllOf                []*schema          `json:"allOf"`
}

// check compares an answer with what the document promises of the call, so
// that each test of a call is also one of the document.
func (w *world) check(a answer) {
	w.Helper()
	if w.document == nil {
		rec := httptest.NewRecorder()
		w.api.ServeHTTP(rec, httptest.NewRequest("GET", "/api/v1/openapi.json", nil))
		w.document = &document{}
		if err := json.Unmarshal(rec.Body.Bytes(), w.document); err != nil {
			w.Fatalf("openapi.json: %v", err)
		}
	}
	method, path, _ := strings.Cut(a.call, " ")
	op, ok := w.document.find(strings.ToLower(method), path)
	if !ok {
		return // no call of the API
	}
	response, ok := op.Responses[fmt.Sprint(a.status)]
	if !ok {
		w.Errorf("%s answers %d, of which the document says nothing: %s", a.call, a.status, a.body)
		return
	}
	media, ok := response.Content[a.header.Get("Content-Type")]
	if !ok {
		if len(a.body) > 0 {
			w.Errorf("%s answers %d with a body of type %q, of which the document says nothing", a.call, a.status, a.header.Get("Content-Type"))
		}
		return
	}
	if err := w.document.fits(media.Schema, decode(w, a.body), "body"); err != nil {
		w.Errorf("%s answers what the document does not promise: %v: %s", a.call, err, a.body)
	}
}

func (d *document) find(method, path string) (operation, bool) {
	for template, item := range d.Paths {
		want, got := strings.Split(template, "/"), strings.Split(path, "/")
		if slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") && g != "" }) {
			op, ok := item[method]
			return op, ok
		}
	}
	return operation{}, false
}

func (d *document) fits(s *schema, v any, at string) error {
	if s.Ref != "" {
		return d.fits(d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]], v, at)
	}
	for _, part := range s.AllOf {
		if err := d.fits(part, v, at); err != nil {
			return err
		}
	}
	if len(s.AnyOf) > 0 {
		var err error
		for _, choice := range s.AnyOf {
			if err = d.fits(choice, v, at); err == nil {
				break
			}
		}
		if err != nil {
			return err
		}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return fmt.Errorf("%s is %v, none of %v", at, v, s.Enum)
	}
	if len(s.Type) > 0 && !strings.Contains(string(s.Type), `"`+typeName(v)+`"`) {
		return fmt.Errorf("%s is %v, want %s", at, v, s.Type)
	}
	switch v := v.(type) {
	case string:
		if s.Format == "date-time" {
			if t, err := time.Parse(time.RFC3339, v); err != nil || t.Location() != time.UTC {
				return fmt.Errorf("%s is %q, want a time in UTC", at, v)
			}
		}
	case []any:
		for i, item := range v {
			if err := d.fits(s.Items, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		return d.fitsObject(s, v, at)
	}
	return nil
}

func (d *document) fitsObject(s *schema, v map[string]any, at string) error {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s.%s is missing", at, name)
		}
	}
	for name, member := range v {
		known := s.Properties[name]
		if known == nil {
			if string(s.AdditionalProperties) == "false" {
				return fmt.Errorf("%s.%s is not in the document", at, name)
			}
			continue
		}
		if err := d.fits(known, member, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
