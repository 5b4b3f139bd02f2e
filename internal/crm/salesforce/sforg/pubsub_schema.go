package sforg

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hamba/avro/v2"
)

// eventNamespace is where Salesforce's Avro names live.
const eventNamespace = "com.sforce.eventbus"

// Children of the compound fields, in the order in which an event has them.
var (
	personParts  = [...]string{"Salutation", "FirstName", "LastName", "MiddleName", "InformalName", "Suffix"}
	addressParts = [...]string{"Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode", "Latitude", "Longitude", "GeocodeAccuracy"}
)

// eventSchema is how the change events of an object are written, as the object
// is now. Bitmaps count its fields.
type eventSchema struct {
	id     string
	text   string
	avro   avro.Schema
	fields []eventField
	places map[string]eventPlace // of each field of the object that is in it
}

// eventField is a field of the schema. The header is the first.
type eventField struct {
	name  string
	union string   // the name of its type within the union
	parts []string // of a compound
}

// eventPlace is where a field of the object stands; child -1: not in a compound.
type eventPlace struct{ field, child int }

// The parts of a schema in JSON.
type (
	avroRecord struct {
		Type      string      `json:"type"`
		Name      string      `json:"name"`
		Namespace string      `json:"namespace,omitempty"`
		Fields    []avroField `json:"fields"`
	}
	avroField struct {
		Name    string          `json:"name"`
		Type    any             `json:"type"`
		Doc     string          `json:"doc,omitempty"`
		Default json.RawMessage `json:"default,omitempty"`
	}
)

// schema returns the schema of an object's events, and remembers it.
func (p *PubSub) schema(object string) (*eventSchema, error) {
	s, record := layOut(object, p.org.Fields(object))
	text, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	s.id, s.text = base64.RawURLEncoding.EncodeToString(sum[:16]), string(text)
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.schemas[s.id]; known != nil {
		return known, nil
	}
	if s.avro, err = avro.ParseBytesWithCache(text, "", &avro.SchemaCache{}); err != nil {
		return nil, fmt.Errorf("the event schema of %s: %w", object, err)
	}
	p.schemas[s.id] = s
	return s, nil
}

// layOut puts an object's fields in the order of its events: as describe has
// them, with a compound where its first part would be. What is not sent in
// Salesforce has no place: the id (the header has it), SystemModstamp,
// IsDeleted, and what is calculated.
func layOut(object string, fields []Field) (*eventSchema, avroRecord) {
	s := &eventSchema{fields: []eventField{{name: "ChangeEventHeader"}}, places: map[string]eventPlace{}}
	record := avroRecord{Type: "record", Name: eventName(object), Namespace: eventNamespace,
		Fields: []avroField{{Name: "ChangeEventHeader", Type: headerSchema()}}}
	compounds := map[string]int{} // to their field; 0: not there yet
	for _, f := range fields {
		if _, part := compoundOf(f); part >= 0 {
			compounds[f.Compound] = 0
		}
	}
	defined := map[string]bool{}
	for _, f := range fields {
		if f.Calculated || f.Name == "Id" || f.Name == "IsDeleted" || f.Name == "SystemModstamp" {
			continue
		}
		parts, part := compoundOf(f)
		compound := f.Compound
		if part < 0 {
			// A person's account has its name in one piece as well.
			if _, both := compounds[f.Name]; !both {
				kind, doc := avroType(f.Type)
				s.places[f.Name] = eventPlace{len(s.fields), -1}
				s.fields = append(s.fields, eventField{name: f.Name, union: kind})
				record.Fields = append(record.Fields, nullable(f.Name, doc, kind))
				continue
			}
			compound, parts = f.Name, personParts[:]
		}
		if compounds[compound] == 0 {
			compounds[compound] = len(s.fields)
			union, types := addressType, []any{}
			if compound == "Name" {
				union, types = personType, []any{"string"}
			}
			s.fields = append(s.fields, eventField{name: compound, union: union, parts: parts})
			if types = append(types, partsSchema(union, parts)); defined[union] {
				types[len(types)-1] = eventNamespace + "." + union
			}
			defined[union] = true
			record.Fields = append(record.Fields, nullable(compound, "Data:"+union, types...))
		}
		s.places[f.Name] = eventPlace{compounds[compound], part}
	}
	return s, record
}

func eventName(object string) string {
	if custom, ok := strings.CutSuffix(object, "__c"); ok {
		object = custom + "__"
	}
	return object + "ChangeEvent"
}

// Names of the compound types.
const (
	personType  = "Switchable_PersonName"
	addressType = "Address"
)

// compoundOf returns the parts that the compound of f has, and which of them f
// is: -1 if it is none.
func compoundOf(f Field) ([]string, int) {
	parts, name := personParts[:], f.Name
	if prefix, ok := strings.CutSuffix(f.Compound, "Address"); ok {
		parts, name = addressParts[:], strings.TrimPrefix(f.Name, prefix)
	} else if f.Compound != "Name" {
		return nil, -1
	}
	for i, part := range parts {
		if part == name {
			return parts, i
		}
	}
	return nil, -1
}

func avroType(t FieldType) (kind, doc string) {
	switch t {
	case TypeBoolean:
		return "boolean", "Data:Boolean"
	case TypeDouble:
		return "double", "Data:Double"
	case TypeInt:
		return "int", "Data:Integer"
	case TypeDate:
		return "long", "Data:DateOnly"
	case TypeDateTime:
		return "long", "Data:DateTime"
	case TypeReference:
		return "string", "Data:EntityId"
	}
	return "string", "Data:Text"
}

func nullable(name, doc string, types ...any) avroField {
	return avroField{Name: name, Type: append([]any{"null"}, types...), Doc: doc, Default: json.RawMessage("null")}
}

func partsSchema(name string, parts []string) avroRecord {
	r := avroRecord{Type: "record", Name: name}
	for _, part := range parts {
		r.Fields = append(r.Fields, nullable(part, "Data:Text", partType(part)))
	}
	return r
}

func partType(part string) string {
	if part == "Latitude" || part == "Longitude" {
		return "double"
	}
	return "string"
}

func headerSchema() avroRecord {
	texts := map[string]any{"type": "array", "items": "string"}
	return avroRecord{Type: "record", Name: "ChangeEventHeader", Fields: []avroField{
		{Name: "entityName", Type: "string"},
		{Name: "recordIds", Type: texts},
		{Name: "changeType", Type: map[string]any{"type": "enum", "name": "ChangeType", "symbols": []string{
			"CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW", "SNAPSHOT"}}},
		{Name: "changeOrigin", Type: "string"},
		{Name: "transactionKey", Type: "string"},
		{Name: "sequenceNumber", Type: "int"},
		{Name: "commitTimestamp", Type: "long"},
		{Name: "commitNumber", Type: "long"},
		{Name: "commitUser", Type: "string"},
		{Name: "nulledFields", Type: texts},
		{Name: "diffFields", Type: texts},
		{Name: "changedFields", Type: texts},
	}}
}
