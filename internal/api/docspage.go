package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/switchboardhq/switchboard"
)

// docsPage is what docs.html shows.
type docsPage struct {
	Intro   []string
	Groups  []docsGroup
	Schemas []docsSchema
	Errors  []docsError
}

type docsGroup struct {
	Name, Description string
	Calls             []docsCall
}

type docsCall struct {
	ID, Method, Path, Summary, More string
	Roles                           string // who may
	Words                           string // what a search finds it by
	Parameters                      []docsMember
	Body                            []docsMember
	BodyRequired                    bool
	Request                         string // as curl
	Answers                         []docsAnswer
	Failures                        []docsAnswer
}

type docsMember struct {
	Name, Type, Doc string
	Schema          string // its name, where it has one of its own
	Required        bool
}

type docsAnswer struct {
	Status      string
	Description string
	Schema      string
	Example     string
}

type docsSchema struct {
	Name    string
	Members []docsMember
	Example string
}

type docsError struct {
	Code, Title string
	Status      int
}

func newDocsPage(doc *huma.OpenAPI) docsPage {
	w := docsWriter{doc.Components.Schemas.Map()}
	p := docsPage{Intro: strings.Split(doc.Info.Description, "\n\n")}
	byGroup := map[string][]docsCall{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				byGroup[op.Tags[0]] = append(byGroup[op.Tags[0]], w.call(op))
			}
		}
	}
	for _, tag := range doc.Tags {
		p.Groups = append(p.Groups, docsGroup{tag.Name, tag.Description, byGroup[tag.Name]})
	}
	for _, name := range slices.Sorted(maps.Keys(w.schemas)) {
		if s := w.schemas[name]; !strings.HasSuffix(name, "Response") {
			p.Schemas = append(p.Schemas, docsSchema{name, w.members(s), w.example(s)})
		}
	}
	for _, m := range codes() {
		p.Errors = append(p.Errors, docsError{string(m.Code), m.Title, m.Status})
	}
	return p
}

type docsWriter struct{ schemas map[string]*huma.Schema }

func (w docsWriter) call(op *huma.Operation) docsCall {
	may, _ := op.Extensions["x-permission"].(string)
	c := docsCall{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, More: op.Description, Roles: roles(switchboard.Permission(may))}
	c.Words = strings.ToLower(strings.Join([]string{op.Method, op.Path, op.Summary, op.Description, op.Tags[0]}, " "))
	for _, param := range op.Parameters {
		m := w.member(param.Name, param.Schema, param.Required)
		m.Doc = cmp.Or(param.Description, m.Doc)
		c.Parameters = append(c.Parameters, m)
	}
	c.Request = "curl -H \"Authorization: Bearer $KEY\""
	if op.Method != "GET" {
		c.Request += " -X " + op.Method
	}
	c.Request += " \"$URL" + op.Path + "\""
	if op.RequestBody != nil {
		schema := w.deref(op.RequestBody.Content["application/json"].Schema)
		c.Body, c.BodyRequired = w.members(schema), op.RequestBody.Required
		c.Request += " \\\n  -d '" + w.example(schema) + "'"
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		a := docsAnswer{Status: status, Description: r.Description}
		if media := r.Content["application/json"]; media != nil {
			a.Example = w.example(w.deref(media.Schema))
		}
		if status >= "400" {
			c.Failures = append(c.Failures, a)
		} else {
			c.Answers = append(c.Answers, a)
		}
	}
	return c
}

// roles says who has the permission, from the table that decides it.
func roles(p switchboard.Permission) string {
	var names []string
	for _, r := range []switchboard.Role{switchboard.Viewer, switchboard.Agent, switchboard.Admin} {
		if r.Can(p) {
			names = append(names, string(r))
		}
	}
	return strings.Join(names, ", ")
}

func (w docsWriter) deref(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return w.schemas[schemaName(s.Ref)]
	}
	return s
}

func schemaName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func (w docsWriter) members(s *huma.Schema) []docsMember {
	if s == nil {
		return nil
	}
	var members []docsMember
	for _, name := range order(s) {
		members = append(members, w.member(name, s.Properties[name], slices.Contains(s.Required, name)))
	}
	return members
}

// order returns the members as they are documented: those that are needed first.
func order(s *huma.Schema) []string {
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Properties)), func(name string) bool { return slices.Contains(s.Required, name) })
	return slices.Concat(s.Required, rest)
}

func (w docsWriter) member(name string, s *huma.Schema, required bool) docsMember {
	m := docsMember{Name: name, Required: required, Doc: s.Description}
	m.Type, m.Schema = w.typeOf(s)
	return m
}

// typeOf returns what a person calls the type, and the name of its schema if it
// has one.
func (w docsWriter) typeOf(s *huma.Schema) (name, schema string) {
	switch {
	case s.Ref != "":
		return schemaName(s.Ref), schemaName(s.Ref)
	case len(s.AnyOf) == 2:
		name, schema = w.typeOf(s.AnyOf[0])
		return name + " or null", schema
	case s.Type == "array":
		name, schema = w.typeOf(s.Items)
		return "list of " + name, schema
	case len(s.Enum) > 0:
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprint(v))
		}
		name = strings.Join(values, " | ")
	case s.Format == "date-time":
		name = "time"
	case s.Type == "object":
		name = "object"
	default:
		name = s.Type
	}
	if s.Minimum != nil && s.Maximum != nil {
		name += fmt.Sprintf(" from %v to %v", *s.Minimum, *s.Maximum)
	}
	if s.Default != nil {
		name += fmt.Sprintf(", %v if left out", s.Default)
	}
	if s.Nullable {
		name += " or null"
	}
	return name, ""
}

// example writes a value of the schema as JSON, its members in documented order.
func (w docsWriter) example(s *huma.Schema) string {
	var b strings.Builder
	w.write(&b, "", s, "\n")
	return b.String()
}

func (w docsWriter) write(b *strings.Builder, name string, s *huma.Schema, indent string) {
	if s = w.deref(s); s == nil {
		return
	}
	switch {
	case len(s.AnyOf) > 0:
		w.write(b, name, s.AnyOf[0], indent)
	case s.Type == "array":
		if name == "came_along" || name == "flags" || name == "media" || name == "resolved" {
			b.WriteString("[]")
			return
		}
		b.WriteString("[")
		w.write(b, name, s.Items, indent)
		b.WriteString("]")
	case s.Type == "object" && len(s.Properties) > 0:
		b.WriteString("{")
		for i, member := range order(s) {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString(indent + "  " + strconv.Quote(member) + ": ")
			w.write(b, member, s.Properties[member], indent+"  ")
		}
		b.WriteString(indent + "}")
	default:
		text, err := json.Marshal(exampleValue(name, s))
		if err != nil {
			text = []byte("null")
		}
		b.Write(text)
	}
}

func exampleValue(name string, s *huma.Schema) any {
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case name == "fields":
		return map[string]string{"LastName": "Doe", "MobilePhone": "(512) 555-0177"}
	case name == "next_cursor" || name == "salesforce_id":
		return nil
	case s.Format == "date-time":
		return "2026-03-02T12:00:00Z"
	case s.Type == "boolean":
		return false
	case s.Type == "integer" || s.Type == "number":
		return 1
	case strings.HasSuffix(name, "id") || name == "authenticated_by":
		return "0195565c0f7a7000b4f1c2d3e4f5a6b7"
	}
	values := map[string]string{
		"body": "Are you open on Friday?", "from": "+15125550177", "sender": "+15125550177", "to": "+15125550100", "email": "dana@example.com",
		"name": "Dana Reyes", "by": "Dana Reyes", "because": "Jane Doe is the only record that has (512) 555-0177.", "token": "TOKEN", "undo": "TOKEN",
		"provider": "twilio", "url": "https://example.com/picture.jpg", "reason": "They asked for it.", "title": "Somebody changed it since", "code": "conflict",
		"detail": "Dana Reyes assigned this to Jane Doe in the meantime.", "type": docsPath + "#error-conflict",
	}
	return values[name]
}
