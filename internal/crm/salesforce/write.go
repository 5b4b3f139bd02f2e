package salesforce

import (
	"context"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

// CreateRecord makes a record that carries key, our id of it, and returns its
// id. By the key a retry finds the record that an earlier try has made, so it
// may be repeated after any outcome. A duplicate rule's refusal is an error of
// [ClassDuplicate] that names what is there.
//
// Records are made one by one: a collection's row says that there is a
// duplicate, and not which.
func (o *Org) CreateRecord(ctx context.Context, object switchboard.Object, key string, fields switchboard.Fields, w WriteOptions) (Result, error) {
	return o.Upsert(ctx, string(object), orgpackage.KeyField, key, wire(fields), w)
}

// UpdateRecord changes fields of a record; nil clears one.
func (o *Org) UpdateRecord(ctx context.Context, object switchboard.Object, id string, fields switchboard.Fields, w WriteOptions) error {
	return o.Update(ctx, string(object), id, wire(fields), w)
}

// DeleteRecord puts a record into the org's recycle bin. One that is there
// already, or gone, is deleted.
func (o *Org) DeleteRecord(ctx context.Context, object switchboard.Object, id string) error {
	err := o.Delete(ctx, string(object), id)
	if ClassOf(err) == ClassGone {
		return nil
	}
	return err
}

// wire makes of fields what is sent: clean text, null for none, and numbers as
// numbers.
func wire(fields switchboard.Fields) map[string]any {
	sent := make(map[string]any, len(fields))
	for name, v := range fields {
		if s, text := v.(string); text {
			if v = clean(s); v == "" {
				v = nil
			}
		}
		sent[name] = v
	}
	return sent
}
