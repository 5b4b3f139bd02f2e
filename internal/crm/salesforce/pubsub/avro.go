package pubsub

import (
	"errors"
	"fmt"

	"github.com/hamba/avro/v2"
)

// What bounds the reading of one event. Salesforce's own limit for an event is
// 1 MB.
const (
	maxText   = 1 << 20 // bytes, of one text
	maxValues = 20_000  // in one event: 800 fields, and the ids of the records
	maxDepth  = 16      // of records and lists in each other
)

// A datum is a record as it was read: a value for each field of its schema.
type datum struct {
	schema *avro.RecordSchema
	values []any // nil, string, []byte, bool, int64, float64, []any, map[string]any or datum
}

// walker reads one event along its schema. It uses the Avro library for the
// schema and for single values. What goes around those is its own, because the
// library's generic reading takes a list's length at its word, and wraps the
// values of unions.
type walker struct {
	r    *avro.Reader
	left int // values that it may still read
}

func newWalker(limits avro.API, payload []byte) *walker {
	return &walker{
		r:    avro.NewReader(nil, 0, avro.WithReaderConfig(limits)).Reset(payload),
		left: maxValues,
	}
}

// newLimits returns the library's settings. They belong to one Subscriber, for
// the library has only a global that anybody may change.
func newLimits() avro.API { return avro.Config{MaxByteSliceSize: maxText}.Freeze() }

var (
	errTooMuch = errors.New("it holds more values than an event can have")
	errTooDeep = errors.New("it is nested deeper than an event can be")
)

func (w *walker) read(schema avro.Schema, depth int) (any, error) {
	if w.left--; w.left < 0 {
		return nil, errTooMuch
	}
	if depth > maxDepth {
		return nil, errTooDeep
	}
	v, err := w.value(schema, depth)
	if err == nil {
		err = w.r.Error
	}
	return v, err
}

func (w *walker) value(schema avro.Schema, depth int) (any, error) {
	switch s := schema.(type) {
	case *avro.NullSchema:
		return nil, nil
	case *avro.RefSchema:
		return w.read(s.Schema(), depth+1)
	case *avro.RecordSchema:
		return w.record(s, depth)
	case *avro.UnionSchema:
		i, types := w.r.ReadLong(), s.Types()
		if w.r.Error != nil || i < 0 || i >= int64(len(types)) {
			return nil, fmt.Errorf("it chooses type %d of %d", i, len(types))
		}
		return w.read(types[i], depth+1)
	case *avro.EnumSchema:
		i, symbols := w.r.ReadInt(), s.Symbols()
		if w.r.Error != nil || i < 0 || int(i) >= len(symbols) {
			return nil, fmt.Errorf("it chooses symbol %d of %d", i, len(symbols))
		}
		return symbols[i], nil
	case *avro.ArraySchema:
		all := []any{}
		err := w.blocks(func() error {
			v, err := w.read(s.Items(), depth+1)
			all = append(all, v)
			return err
		})
		return all, err
	case *avro.MapSchema:
		all := map[string]any{}
		err := w.blocks(func() error {
			key := w.r.ReadString()
			v, err := w.read(s.Values(), depth+1)
			all[key] = v
			return err
		})
		return all, err
	case *avro.FixedSchema:
		if s.Size() > maxText {
			return nil, errTooMuch
		}
		b := make([]byte, s.Size())
		w.r.Read(b)
		return b, nil
	}
	// Logical types are left as the numbers that they are.
	switch schema.Type() {
	case avro.Boolean:
		return w.r.ReadBool(), nil
	case avro.Int:
		return int64(w.r.ReadInt()), nil
	case avro.Long:
		return w.r.ReadLong(), nil
	case avro.Float:
		return float64(w.r.ReadFloat()), nil
	case avro.Double:
		return w.r.ReadDouble(), nil
	case avro.String:
		return w.r.ReadString(), nil
	case avro.Bytes:
		return w.r.ReadBytes(), nil
	}
	return nil, fmt.Errorf("it has a value of the unknown type %s", schema.Type())
}

func (w *walker) record(s *avro.RecordSchema, depth int) (datum, error) {
	d := datum{schema: s, values: make([]any, 0, min(len(s.Fields()), 1024))}
	for _, f := range s.Fields() {
		v, err := w.read(f.Type(), depth+1)
		if err != nil {
			return d, fmt.Errorf("%s: %w", f.Name(), err)
		}
		d.values = append(d.values, v)
	}
	return d, nil
}

// blocks calls item for each item of a list. An item may take no bytes at all,
// so it is the count of values that ends a list of absurd length.
func (w *walker) blocks(item func() error) error {
	for {
		n, _ := w.r.ReadBlockHeader()
		if w.r.Error != nil {
			return w.r.Error
		}
		if n == 0 {
			return nil
		}
		if n < 0 || n > int64(w.left) {
			return errTooMuch
		}
		for range n {
			if err := item(); err != nil {
				return err
			}
		}
	}
}
