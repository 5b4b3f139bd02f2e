package sforg

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hamba/avro/v2"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub/eventbus"
)

// events writes changes as subscribers get them.
func (p *PubSub) events(changes []Change) ([]*eventbus.ConsumerEvent, error) {
	// As Salesforce's Java writes it: lists without their length in bytes.
	api := avro.Config{DisableBlockSizeHeader: true}.Freeze()
	schemas := map[string]*eventSchema{}
	events := make([]*eventbus.ConsumerEvent, 0, len(changes))
	for _, c := range changes {
		s := schemas[c.Object]
		if s == nil {
			var err error
			if s, err = p.schema(c.Object); err != nil {
				return nil, err
			}
			schemas[c.Object] = s
		}
		payload, err := api.Marshal(s.avro, s.datum(c))
		if err != nil {
			return nil, fmt.Errorf("write the event %d of %s: %w", c.Position, c.Object, err)
		}
		events = append(events, &eventbus.ConsumerEvent{
			Event:    &eventbus.ProducerEvent{Id: fmt.Sprintf("%s-%d", c.TransactionKey, c.Sequence), SchemaId: s.id, Payload: payload},
			ReplayId: replayID(c.Position),
		})
	}
	return events, nil
}

// datum returns what is to be written of c: null for all that did not change,
// and for what was cleared too. The header's bitmaps tell them apart.
func (s *eventSchema) datum(c Change) map[string]any {
	d := map[string]any{}
	for _, f := range s.fields[1:] {
		d[f.name] = nil
	}
	compounds := map[int]map[string]any{}
	for name, v := range c.Fields {
		at, ok := s.places[name]
		if !ok || v == nil {
			continue
		}
		f := s.fields[at.field]
		switch {
		case at.child >= 0:
			if compounds[at.field] == nil {
				compounds[at.field] = f.empty()
			}
			part := f.parts[at.child]
			compounds[at.field][part] = map[string]any{partType(part): avroValue(v, partType(part))}
		case f.parts != nil: // a name in one piece
			d[f.name] = map[string]any{"string": v}
		default:
			d[f.name] = map[string]any{f.union: avroValue(v, f.union)}
		}
	}
	for i, parts := range compounds {
		f := s.fields[i]
		d[f.name] = map[string]any{eventNamespace + "." + f.union: parts}
	}
	var cleared []string
	for _, name := range c.Changed {
		if c.Fields[name] == nil {
			cleared = append(cleared, name)
		}
	}
	d["ChangeEventHeader"] = map[string]any{
		"entityName": c.Object, "recordIds": c.IDs, "changeType": string(c.Type), "changeOrigin": c.Origin,
		"transactionKey": c.TransactionKey, "sequenceNumber": c.Sequence, "commitTimestamp": c.CommitAt.UnixMilli(),
		"commitNumber": c.CommitNumber, "commitUser": c.User,
		"nulledFields": s.bitmaps(cleared), "diffFields": []string{}, "changedFields": s.bitmaps(c.Changed),
	}
	return d
}

// empty returns a compound whose parts are all null.
func (f eventField) empty() map[string]any {
	parts := map[string]any{}
	for _, part := range f.parts {
		parts[part] = nil
	}
	return parts
}

// bitmaps writes which fields these are: a bitmap over the schema's fields, and
// one for the parts of each compound, behind its position.
func (s *eventSchema) bitmaps(names []string) []string {
	var top []int
	nested := map[int][]int{}
	for _, name := range names {
		switch at, ok := s.places[name]; {
		case !ok:
		case at.child < 0:
			top = append(top, at.field)
		default:
			nested[at.field] = append(nested[at.field], at.child)
		}
	}
	all := []string{}
	if len(top) > 0 {
		all = append(all, hexBitmap(top))
	}
	for i := range s.fields {
		if len(nested[i]) > 0 {
			all = append(all, fmt.Sprintf("%d-%s", i, hexBitmap(nested[i])))
		}
	}
	return all
}

// hexBitmap writes positions as bits, the highest byte first, in capitals.
func hexBitmap(positions []int) string {
	n := slices.Max(positions)/8 + 1
	b := make([]byte, n)
	for _, i := range positions {
		b[n-1-i/8] |= 1 << (i % 8)
	}
	return "0x" + strings.ToUpper(hex.EncodeToString(b))
}

// avroValue turns a value of a change into what its type is written from.
func avroValue(v any, kind string) any {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMilli()
	case float64:
		if kind == "int" {
			return int(v)
		}
	}
	return v
}
