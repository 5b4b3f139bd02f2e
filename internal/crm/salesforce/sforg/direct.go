package sforg

import (
	"fmt"
)

// as returns the actor of a Go call: somebody who works in the org's own pages,
// where a duplicate that is only warned of may be saved.
func (o *Org) as(u *User) actor {
	if u == nil {
		u = o.admin
	}
	return actor{user: u, allowSave: true}
}

// run does f in a transaction of its own.
func (o *Org) run(u *User, name string, f func(t *transaction, ob *object) *Error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	ob := o.object(name)
	if ob == nil {
		return &Error{Code: "INVALID_TYPE", Message: fmt.Sprintf("sObject type '%s' is not supported.", name)}
	}
	t := o.begin(o.as(u))
	if err := f(t, ob); err != nil {
		t.rollback(0)
		return err
	}
	t.commit()
	return nil
}

// Create makes a record as a user (nil: the admin) would in the org's pages, and
// returns its id. Values are strings, bools, numbers and time.Time.
func (o *Org) Create(u *User, name string, fields map[string]any) (string, error) {
	var id string
	err := o.run(u, name, func(t *transaction, ob *object) (err *Error) {
		id, err = t.create(ob, fields)
		return err
	})
	return id, err
}

// Update changes fields of a record; nil clears one.
func (o *Org) Update(u *User, name, id string, fields map[string]any) error {
	return o.run(u, name, func(t *transaction, ob *object) *Error { return t.update(ob, id, fields) })
}

// Delete moves a record to the recycle bin. An account takes its contacts along;
// lookups at the record are cleared.
func (o *Org) Delete(u *User, name, id string) error {
	return o.run(u, name, func(t *transaction, ob *object) *Error { return t.remove(ob, id) })
}

// Undelete takes a record out of the recycle bin.
func (o *Org) Undelete(u *User, name, id string) error {
	return o.run(u, name, func(t *transaction, ob *object) *Error { return t.restore(ob, id) })
}

// Purge empties the recycle bin of a record: nothing tells of it any more, not
// even queryAll, and no change event.
func (o *Org) Purge(name, id string) error {
	return o.run(nil, name, func(t *transaction, ob *object) *Error { return t.purge(ob, id) })
}

// Merge makes one or two losers one with the winner.
func (o *Org) Merge(u *User, name, winner string, losers ...string) error {
	return o.run(u, name, func(t *transaction, ob *object) *Error { return t.merge(ob, winner, losers) })
}

// Convert makes a contact and an account of a lead.
func (o *Org) Convert(u *User, lead string, opts ConvertOptions) (Converted, error) {
	var got Converted
	err := o.run(u, "Lead", func(t *transaction, _ *object) (err *Error) {
		got, err = t.convert(lead, opts)
		return err
	})
	return got, err
}

// Get returns a record's fields that are not null, whether or not it is deleted,
// and nil if there is none. Dates and times are time.Time.
func (o *Org) Get(object, id string) map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	ob := o.object(object)
	if ob == nil {
		return nil
	}
	r := ob.find(id)
	if r == nil {
		return nil
	}
	return r.exported(ob)
}

// Load fills an object with n records as a data loader did long ago: no rule is
// asked and no change event published. row returns the fields of the i-th.
func (o *Org) Load(object string, n int, row func(i int) map[string]any) error {
	const batch = 10_000 // the lock is let go in between
	for start := 0; start < n; start += batch {
		if err := o.load(object, start, min(n, start+batch), row); err != nil {
			return err
		}
	}
	return nil
}

func (o *Org) load(object string, start, end int, row func(i int) map[string]any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	ob := o.object(object)
	if ob == nil {
		return &Error{Code: "INVALID_TYPE", Message: fmt.Sprintf("sObject type '%s' is not supported.", object)}
	}
	t := o.begin(actor{user: o.admin, system: true})
	for i := start; i < end; i++ {
		if _, err := t.create(ob, row(i)); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
		t.changes, t.undo, t.noted = nil, nil, nil
	}
	return nil
}
