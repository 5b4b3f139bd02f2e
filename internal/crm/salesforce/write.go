package salesforce

import (
	"context"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

// CreateRecord makes a record that carries key, our id of it. By the key a
// retry finds the record that an earlier try has made, so it may be repeated
// after any outcome. Fields that we may not write are left out. A duplicate
// rule's refusal is an error of [ClassDuplicate] that names what is there.
//
// Records are made one by one: a collection's row says that there is a
// duplicate, and not which.
func (o *Org) CreateRecord(ctx context.Context, object switchboard.Object, key string, fields switchboard.Fields, w WriteOptions) (Result, error) {
	sent, err := o.writable(ctx, object, fields, func(f Field) bool { return f.Createable })
	if err != nil {
		return Result{}, err
	}
	return o.Upsert(ctx, string(object), orgpackage.KeyField, key, sent, w)
}

// UpdateRecord changes fields of a record; nil clears one. Fields that we may
// not write are left out.
func (o *Org) UpdateRecord(ctx context.Context, object switchboard.Object, id string, fields switchboard.Fields, w WriteOptions) error {
	sent, err := o.writable(ctx, object, fields, func(f Field) bool { return f.Updateable })
	if err != nil || len(sent) == 0 {
		return err
	}
	return o.Update(ctx, string(object), id, sent, w)
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

// writable makes of fields what is sent: those that the user may write, clean
// text, and null for none. To send one that may not be written would fail all.
func (o *Org) writable(ctx context.Context, object switchboard.Object, fields switchboard.Fields, may func(Field) bool) (map[string]any, error) {
	d, err := o.Describe(WithUse(ctx, useOf(ctx, UseWrite)), string(object))
	if err != nil {
		return nil, err
	}
	sent := make(map[string]any, len(fields))
	for name, v := range fields {
		f, ok := d.Field(name)
		if !ok || !may(f) {
			continue
		}
		if s, text := v.(string); text {
			if v = clean(s); v == "" {
				v = nil
			}
		}
		sent[f.Name] = v
	}
	return sent, nil
}
