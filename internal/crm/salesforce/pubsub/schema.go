package pubsub

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hamba/avro/v2"
)

const headerName = "ChangeEventHeader"

// maxSchema bounds a schema's text. Salesforce's largest objects have 800
// fields, of which each takes some 100 bytes.
const maxSchema = 2 << 20

// schema is how the events of one schema id are read.
type schema struct {
	record *avro.RecordSchema
	header int // the position of the header
	fields []field
}

// field is one field of an event.
type field struct {
	names    []string // as REST names it, or its children if it is a compound
	children *avro.RecordSchema
	plain    bool // a compound that may also come as one text, as Account's Name does
}

func parseSchema(text string) (s *schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("the Avro library failed at it: %v", p)
		}
	}()
	if len(text) > maxSchema {
		return nil, errors.New("it is longer than a schema can be")
	}
	// A cache of its own: the next version of a schema has the same name.
	parsed, err := avro.ParseBytesWithCache([]byte(text), "", &avro.SchemaCache{})
	if err != nil {
		return nil, err
	}
	record, ok := parsed.(*avro.RecordSchema)
	if !ok {
		return nil, errors.New("it describes no record")
	}
	s = &schema{record: record, header: -1}
	for i, f := range record.Fields() {
		if f.Name() == headerName {
			s.header = i
		}
		s.fields = append(s.fields, newField(f))
	}
	if s.header < 0 {
		return nil, errors.New("it has no " + headerName)
	}
	return s, nil
}

func newField(f *avro.Field) field {
	out := field{names: []string{f.Name()}}
	types := []avro.Schema{f.Type()}
	if union, ok := f.Type().(*avro.UnionSchema); ok {
		types = union.Types()
	}
	for _, t := range types {
		if ref, ok := t.(*avro.RefSchema); ok {
			t = ref.Schema()
		}
		switch t := t.(type) {
		case *avro.RecordSchema:
			out.children = t
		case *avro.NullSchema:
		default:
			out.plain = true
		}
	}
	if out.children == nil || f.Name() == headerName {
		return field{names: out.names, plain: true}
	}
	out.names = nil
	for _, child := range out.children.Fields() {
		out.names = append(out.names, childName(f.Name(), child.Name()))
	}
	if out.plain {
		out.names = append(out.names, f.Name())
	}
	return out
}

// childName is how REST names a part of a compound field: a person's name has
// its parts beside it, and the City of MailingAddress is MailingCity. Parts of a
// custom compound field stand between two underscores: Site__City__s.
func childName(parent, child string) string {
	if parent == "Name" {
		return child
	}
	if custom, ok := strings.CutSuffix(parent, "__c"); ok {
		return custom + "__" + child + "__s"
	}
	if kind, ok := strings.CutSuffix(parent, "Address"); ok {
		return kind + child
	}
	return parent + "." + child
}

// childCount is how many children the field at a position has.
func (s *schema) childCount(i int) int {
	if c := s.fields[i].children; c != nil {
		return len(c.Fields())
	}
	return 0
}

// names returns the names of what is at p. It is several for a compound as a
// whole.
func (s *schema) names(p place, value any) []string {
	f := s.fields[p.field]
	switch {
	case f.children == nil:
		return f.names
	case p.child >= 0:
		return f.names[p.child : p.child+1]
	}
	n := len(f.children.Fields())
	if _, compound := value.(datum); f.plain && !compound {
		return f.names[n:]
	}
	return f.names[:n]
}
