package switchboard

import (
	"slices"
	"strings"
)

// FieldConflict is a field that both sides changed since they last agreed: what
// Salesforce has counts, and our value is kept here, for the audit trail.
type FieldConflict struct {
	Field  string
	Ours   any // nil: we had cleared it
	Theirs any // nil: they had
}

// FieldMerge is what comes of a record's two sides.
type FieldMerge struct {
	Fields     Fields // the record as it is to be here: without fields that have no value
	Push       Fields // what Salesforce does not have yet; nil clears a field
	Overridden []FieldConflict
}

// MergeFields merges the two sides of a record field by field. base is what
// both had when they last agreed, nil if they never did; ours is the record
// here, and theirs as Salesforce has it now.
//
// Salesforce tells of a record that it changed, not of which field. So a field
// counts as changed on a side that differs from base. Where one side changed
// it, that side's value holds; where both did, to different values, it is
// Salesforce's. A field that theirs does not hold was not read there: ours stays as it
// is, and nothing is said about it.
//
// With the values of Push in theirs, and that as the new base, merging again
// changes nothing.
func MergeFields(base, ours, theirs Fields) FieldMerge {
	m := FieldMerge{Fields: ours.withValues(), Push: Fields{}}
	if m.Fields == nil {
		m.Fields = Fields{}
	}
	for name, there := range theirs {
		was, here := base[name], ours[name]
		switch {
		case SameValue(here, there):
		case SameValue(was, there):
			m.Push[name] = plainOrNil(here)
		default:
			if !SameValue(was, here) {
				m.Overridden = append(m.Overridden, FieldConflict{Field: name, Ours: plainOrNil(here), Theirs: plainOrNil(there)})
			}
			if plainOrNil(there) == nil {
				delete(m.Fields, name)
			} else {
				m.Fields[name] = there
			}
		}
	}
	slices.SortFunc(m.Overridden, func(a, b FieldConflict) int { return strings.Compare(a.Field, b.Field) })
	return m
}

// PendingFields returns what a record's owner on this side changed since both
// sides agreed on base: the fields that base knows and ours has otherwise, nil
// for one that was cleared.
func PendingFields(base, ours Fields) Fields {
	pending := Fields{}
	for name, was := range base {
		if here := ours[name]; !SameValue(was, here) {
			pending[name] = plainOrNil(here)
		}
	}
	return pending
}

func plainOrNil(v any) any {
	if plainValue(v) == nil {
		return nil
	}
	return v
}
