package pubsub

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hamba/avro/v2"
)

// What a header may name. The ids and the object go into queries later.
var (
	recordID   = regexp.MustCompile(`^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$`)
	allRecords = regexp.MustCompile(`^[0-9A-Za-z]{3}\*$`)
	objectName = regexp.MustCompile(`^[A-Za-z][0-9A-Za-z_]{0,79}$`)
	changeType = regexp.MustCompile(`^[A-Z_]{1,40}$`)
)

// decode reads one event. An event that cannot be read is an error, and never
// half an event.
func (s *schema) decode(limits avro.API, payload []byte) (e Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			e, err = Event{}, fmt.Errorf("the Avro library failed at it: %v", p)
		}
	}()
	v, err := newWalker(limits, payload).read(s.record, 0)
	if err != nil {
		return Event{}, err
	}
	body, _ := v.(datum)
	header, ok := body.values[s.header].(datum)
	if !ok {
		return Event{}, errors.New("it has no header")
	}
	h := headerOf(header)
	e = Event{
		Object: h.text("entityName"), Type: ChangeType(h.text("changeType")),
		RecordIDs: h.texts("recordIds"), ChangeOrigin: h.text("changeOrigin"),
		CommitTimestamp: time.UnixMilli(h.number("commitTimestamp")).UTC(),
		CommitNumber:    h.number("commitNumber"), CommitUser: h.text("commitUser"),
		TransactionKey: h.text("transactionKey"), Sequence: int(h.number("sequenceNumber")),
	}
	if err := e.check(); err != nil {
		return Event{}, err
	}
	if e.Type.Gap() {
		return e, nil
	}
	if err := s.fill(&e, body, h); err != nil {
		return Event{}, err
	}
	return e, nil
}

// check refuses what names no record, and turns the ways to name all records
// into one.
func (e *Event) check() error {
	switch {
	case !objectName.MatchString(e.Object):
		return fmt.Errorf("it names the object %.40q", e.Object)
	case !changeType.MatchString(string(e.Type)):
		return fmt.Errorf("it names the change %.40q", e.Type)
	case len(e.RecordIDs) == 0 && e.Type != GapOverflow:
		return errors.New("it names no record")
	}
	for _, id := range e.RecordIDs {
		switch {
		case e.Type == GapOverflow, allRecords.MatchString(id):
			e.All = true
		case !recordID.MatchString(id):
			return fmt.Errorf("it names the record %.40q", id)
		}
	}
	if e.All || e.Type == GapOverflow {
		e.All, e.RecordIDs = true, nil
	}
	return nil
}

// fill reads the fields. In the event a field that did not change is null, just
// as one that was cleared: the header's bitmaps tell them apart.
func (s *schema) fill(e *Event, body datum, h header) error {
	lists := map[string][]place{}
	for _, name := range []string{"changedFields", "nulledFields", "diffFields"} {
		all, err := places(h.texts(name), len(s.fields), s.childCount)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		lists[name] = all
	}

	e.Values = map[string]any{}
	for i, v := range body.values {
		if i != s.header {
			s.put(e.Values, i, v)
		}
	}
	changed := map[string]bool{}
	note := func(p place) []string {
		if p.field == s.header {
			return nil
		}
		names := s.names(p, body.values[p.field])
		for _, name := range names {
			if !changed[name] {
				changed[name] = true
				e.Changed = append(e.Changed, name)
			}
		}
		return names
	}
	for _, name := range []string{"changedFields", "nulledFields"} {
		for _, p := range lists[name] {
			for _, field := range note(p) {
				if _, set := e.Values[field]; !set {
					e.Values[field] = nil
				}
			}
		}
	}
	for _, p := range lists["diffFields"] {
		for _, field := range note(p) {
			delete(e.Values, field)
			if !slices.Contains(e.Diffs, field) {
				e.Diffs = append(e.Diffs, field)
			}
		}
	}
	return nil
}

// put adds what is not null in the field at position i.
func (s *schema) put(values map[string]any, i int, v any) {
	f := s.fields[i]
	part, compound := v.(datum)
	switch {
	case v == nil:
	case !compound || part.schema != f.children:
		values[s.record.Fields()[i].Name()] = bare(v)
	default:
		for c, v := range part.values {
			if v != nil {
				values[f.names[c]] = bare(v)
			}
		}
	}
}

// bare returns v without what is only this package's.
func bare(v any) any {
	switch v := v.(type) {
	case datum:
		m := map[string]any{}
		for i, f := range v.schema.Fields() {
			if v.values[i] != nil {
				m[f.Name()] = bare(v.values[i])
			}
		}
		return m
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = bare(v[k])
		}
	case []byte:
		return strings.ToValidUTF8(string(v), "�")
	case string:
		return strings.ToValidUTF8(v, "�")
	}
	return v
}

// header is a header's fields by their names. One that is missing, or of another
// type, reads as empty: Event.check judges what came out.
type header map[string]any

func headerOf(d datum) header {
	h := header{}
	for i, f := range d.schema.Fields() {
		h[f.Name()] = d.values[i]
	}
	return h
}

func (h header) text(name string) string {
	s, _ := h[name].(string)
	return strings.ToValidUTF8(s, "�")
}

func (h header) number(name string) int64 {
	n, _ := h[name].(int64)
	return n
}

func (h header) texts(name string) []string {
	all, _ := h[name].([]any)
	var out []string
	for _, v := range all {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
