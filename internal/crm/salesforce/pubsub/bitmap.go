package pubsub

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// A place is a field's position in its event's schema. The header is field 0.
type place struct {
	field int
	child int // within a compound field such as an address; -1: the field itself
}

var errBitmap = errors.New("it names fields in a way that is not Salesforce's")

// places reads the lists changedFields, nulledFields and diffFields of a header.
// Salesforce writes them as bitmaps over the positions of the schema's fields,
// in hexadecimal and the highest first: 0x400800 is the fields 11 and 22. The
// children of a compound field are a bitmap of their own behind the field's
// position, as in 2-0x02: child 1 of field 2.
//
// fields is how many fields the schema has, and children how many a field of it
// has. Bits past these are an error: whatever wrote them had another schema.
func places(bitmaps []string, fields int, children func(field int) int) ([]place, error) {
	if len(bitmaps) > fields+1 {
		return nil, fmt.Errorf("%w: %d bitmaps for %d fields", errBitmap, len(bitmaps), fields)
	}
	var all []place
	for _, text := range bitmaps {
		field, bitmap, nested := strings.Cut(text, "-")
		if !nested {
			set, err := ones(text, fields)
			if err != nil {
				return nil, err
			}
			for _, i := range set {
				all = append(all, place{i, -1})
			}
			continue
		}
		i, err := strconv.ParseUint(field, 10, 16)
		if err != nil || i >= uint64(fields) {
			return nil, fmt.Errorf("%w: field %.20q of %d", errBitmap, field, fields)
		}
		set, err := ones(bitmap, children(int(i)))
		if err != nil {
			return nil, err
		}
		for _, c := range set {
			all = append(all, place{int(i), c})
		}
	}
	return all, nil
}

// ones returns the positions of the bits that are set, which are below limit.
func ones(bitmap string, limit int) ([]int, error) {
	digits, ok := strings.CutPrefix(bitmap, "0x")
	if !ok || digits == "" {
		return nil, fmt.Errorf("%w: %.20q", errBitmap, bitmap)
	}
	digits = strings.TrimLeft(digits, "0")
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	if len(digits)/2 > (limit+7)/8 {
		return nil, fmt.Errorf("%w: %d bytes of bits for %d fields", errBitmap, len(digits)/2, limit)
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("%w: %.20q", errBitmap, bitmap)
	}
	var set []int
	for i := range b {
		for left := b[len(b)-1-i]; left != 0; left &= left - 1 {
			set = append(set, i*8+bits.TrailingZeros8(left))
		}
	}
	if n := len(set); n > 0 && set[n-1] >= limit {
		return nil, fmt.Errorf("%w: field %d of %d", errBitmap, set[n-1], limit)
	}
	return set, nil
}
