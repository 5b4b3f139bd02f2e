package desk

import (
	"context"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// CreateRecord adds a record and returns it with the waiting messages that it
// settled.
func (d *Desk) CreateRecord(ctx context.Context, actor switchboard.Actor, object switchboard.Object, fields switchboard.Fields) (*switchboard.Record, []*switchboard.Message, error) {
	if err := actor.Allow(switchboard.MayEdit); err != nil {
		return nil, nil, err
	}
	if _, err := switchboard.ParseObject(string(object)); err != nil {
		return nil, nil, err
	}
	fields = cleanFields(fields)
	if err := switchboard.CheckFields(object, fields); err != nil {
		return nil, nil, err
	}
	r, resolved, err := d.db.CreateRecord(ctx, actor, object, fields, switchboard.OriginPerson)
	return r, resolved, d.done(actor.OrgID, err)
}

// UpdateRecord changes fields of a record; a nil or empty value clears one.
// version, if not 0, must be the record's. It returns the record with the
// waiting messages that the change settled.
func (d *Desk) UpdateRecord(ctx context.Context, actor switchboard.Actor, id string, version int64, patch switchboard.Fields) (*switchboard.Record, []*switchboard.Message, error) {
	if err := actor.Allow(switchboard.MayEdit); err != nil {
		return nil, nil, err
	}
	clean := make(switchboard.Fields, len(patch))
	for name, v := range patch {
		clean[name] = cleanValue(v)
	}
	r, resolved, err := d.db.UpdateRecord(ctx, actor, id, version, clean, switchboard.CheckFields)
	return r, resolved, d.done(actor.OrgID, err)
}

// DeleteRecord deletes a record. It keeps its messages and can be restored.
func (d *Desk) DeleteRecord(ctx context.Context, actor switchboard.Actor, id string) error {
	if err := actor.Allow(switchboard.MayEdit); err != nil {
		return err
	}
	_, err := d.db.DeleteRecord(ctx, actor, id)
	return d.done(actor.OrgID, err)
}

// RestoreRecord brings a deleted record back with everything.
func (d *Desk) RestoreRecord(ctx context.Context, actor switchboard.Actor, id string) (*switchboard.Record, []*switchboard.Message, error) {
	if err := actor.Allow(switchboard.MayEdit); err != nil {
		return nil, nil, err
	}
	r, resolved, err := d.db.RestoreRecord(ctx, actor, id)
	return r, resolved, d.done(actor.OrgID, err)
}

// cleanFields returns the fields as they are stored: empty ones left out, text
// as the database can hold it.
func cleanFields(fields switchboard.Fields) switchboard.Fields {
	clean := make(switchboard.Fields, len(fields))
	for name, v := range fields {
		if v = cleanValue(v); v != nil {
			clean[name] = v
		}
	}
	return clean
}

func cleanValue(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	if s, _ = switchboard.Repair(s); strings.TrimSpace(s) == "" {
		return nil
	}
	return s
}
