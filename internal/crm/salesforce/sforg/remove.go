package sforg

import (
	"slices"
)

// remove moves a record to the recycle bin, with what belongs to it; lookups at
// it are cleared.
func (t *transaction) remove(ob *object, id string) *Error {
	r := ob.find(id)
	switch {
	case ob.Metadata && !t.system:
		return &Error{Code: "INVALID_TYPE_FOR_OPERATION", Message: "entity type cannot be deleted: " + ob.Label}
	case r == nil:
		return errorf("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	case r.deleted:
		return entityIsDeleted()
	case !t.system && !(t.user.rights(ob).remove && t.user.editsRow(ob, r)):
		return noRights(id)
	}
	if ob.Name == "Account" { // it takes its contacts along, whatever its user may do with those
		defer func(system bool) { t.system = system }(t.system)
		t.system = true
		contact := t.o.object("Contact")
		account := contact.field("AccountId")
		for _, c := range slices.Clone(contact.rows) {
			if c != nil && !c.deleted && c.raw(account.ordinal) == r.id {
				if err := t.remove(contact, c.id); err != nil {
					return err
				}
			}
		}
	}
	before := t.o.cleared[r.id]
	t.undo = append(t.undo, func() { t.o.cleared[r.id] = before })
	t.o.cleared[r.id] = nil
	t.referrers(ob, r.id, func(child *object, c *row, f *Field) {
		t.repoint(child, c, f, nil)
		t.o.cleared[r.id] = append(t.o.cleared[r.id], clearedLookup{child, c.num, f.Name})
	})
	gone := r.copy()
	gone.deleted, gone.stamp = true, t.stamp
	gone.modified, gone.modifiedBy = t.stamp, t.user.ID
	t.put(ob, gone)
	t.note(ob, r.num, ChangeDelete, nil)
	return nil
}

// clearedLookup is a lookup that was cleared because its target was deleted; an
// undelete sets it again.
type clearedLookup struct {
	child *object
	num   int
	field string
}

// restore takes a record out of the recycle bin.
func (t *transaction) restore(ob *object, id string) *Error {
	r := ob.find(id)
	if r == nil || !r.deleted {
		return errorf("UNDELETE_FAILED", "Entity is not in the recycle bin")
	}
	back := r.copy()
	back.deleted, back.stamp = false, t.stamp
	back.modified, back.modifiedBy = t.stamp, t.user.ID
	if ob.Mergeable {
		back.set(ob.field("MasterRecordId").ordinal, nil)
	}
	if err := t.check(ob, r, back); err != nil {
		return err
	}
	t.put(ob, back)
	t.note(ob, r.num, ChangeUndelete, nil)
	for _, l := range t.o.cleared[r.id] { // those that nobody has set again
		c, f := l.child.rows[l.num], l.child.field(l.field)
		if c != nil && !c.deleted && c.raw(f.ordinal) == nil {
			t.repoint(l.child, c, f, r.id)
		}
	}
	if ob.Name == "Account" {
		contact := t.o.object("Contact")
		account := contact.field("AccountId")
		for _, c := range slices.Clone(contact.rows) {
			if c != nil && c.deleted && c.stamp == r.stamp && c.raw(account.ordinal) == r.id {
				if err := t.restore(contact, c.id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// purge takes a record out of the recycle bin for good.
func (t *transaction) purge(ob *object, id string) *Error {
	r := ob.find(id)
	if r == nil || !r.deleted {
		return errorf("DELETE_FAILED", "Entity is not in the recycle bin")
	}
	ob.rows[r.num] = nil
	t.undo = append(t.undo, func() { ob.rows[r.num] = r })
	return nil
}

// referrers calls f for every live record that looks up the given one.
func (t *transaction) referrers(ob *object, id string, f func(child *object, c *row, field *Field)) {
	for _, child := range t.o.order {
		for _, field := range child.fields[systemFields:] {
			if field.Type != TypeReference || field.Name == "MasterRecordId" || !slices.Contains(field.ReferenceTo, ob.Name) ||
				child.Name == "Lead" && field.ReadOnly {
				continue
			}
			for i := range child.rows {
				if c := child.rows[i]; c != nil && !c.deleted && c.raw(field.ordinal) == id {
					f(child, c, field)
				}
			}
		}
	}
}

// repoint changes a lookup as the org does by itself: SystemModstamp moves,
// LastModifiedDate doesn't.
func (t *transaction) repoint(child *object, c *row, f *Field, to any) {
	n := c.copy()
	n.set(f.ordinal, to)
	n.stamp = t.stamp
	t.put(child, n)
	t.note(child, c.num, ChangeUpdate, map[int]bool{f.ordinal: true})
}

// merge makes losers one with winner: they go to the bin with MasterRecordId,
// and what looked them up looks up the winner.
func (t *transaction) merge(ob *object, winner string, losers []string) *Error {
	w := ob.find(winner)
	switch {
	case !ob.Mergeable:
		return errorf("INVALID_TYPE_FOR_OPERATION", "entity type does not support merge: "+ob.Name)
	case w == nil:
		return errorf("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	case w.deleted:
		return entityIsDeleted()
	case len(losers) < 1 || len(losers) > 2:
		return errorf("INVALID_NUMBER_OF_MERGE_RECORDS", "a merge takes one or two records beside the master")
	}
	for _, id := range losers {
		l := ob.find(id)
		if l == nil || l.id == w.id {
			return errorf("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
		}
		if l.deleted {
			return entityIsDeleted()
		}
		t.referrers(ob, l.id, func(child *object, c *row, f *Field) {
			if child == ob && c.id == w.id {
				t.repoint(child, c, f, nil)
				return
			}
			t.repoint(child, c, f, w.id)
		})
		l = ob.find(id).copy()
		l.set(ob.field("MasterRecordId").ordinal, w.id)
		l.deleted, l.stamp = true, t.stamp
		l.modified, l.modifiedBy = t.stamp, t.user.ID
		t.put(ob, l)
		t.note(ob, l.num, ChangeDelete, nil)
	}
	w = ob.find(winner)
	t.touch(ob, w, w.copy(), nil)
	return nil
}

// ConvertOptions say what becomes of a lead.
type ConvertOptions struct {
	AccountID   string // joins this account; "" makes one of the lead's company
	ContactID   string // joins this contact; "" makes one
	Opportunity bool   // makes one too
	OwnerID     string // of what is made; "" is the lead's owner
}

// Converted names what a lead became.
type Converted struct{ AccountID, ContactID, OpportunityID string }

// convert makes a contact (and an account) of a lead, which stays, read-only.
func (t *transaction) convert(id string, opts ConvertOptions) (Converted, *Error) {
	lead := t.o.object("Lead")
	r := lead.find(id)
	var got Converted
	switch {
	case r == nil:
		return got, errorf("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	case r.deleted:
		return got, entityIsDeleted()
	case r.get(lead, lead.field("IsConverted")) == true:
		return got, errorf("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
	}
	ownerID := opts.OwnerID
	if ownerID == "" {
		ownerID = r.text(lead, "OwnerId")
	}
	if t.o.objectOf(ownerID) != t.o.object("User") {
		ownerID = t.user.ID // queues cannot own contacts
	}
	copied := func(pairs ...string) map[string]any {
		m := map[string]any{"OwnerId": ownerID}
		for i := 0; i < len(pairs); i += 2 {
			if v := r.text(lead, pairs[i]); v != "" {
				m[pairs[i+1]] = v
			}
		}
		return m
	}
	system := t.system
	t.system = true
	defer func() { t.system = system }()
	var err *Error
	if got.AccountID = opts.AccountID; got.AccountID == "" {
		got.AccountID, err = t.create(t.o.object("Account"), copied("Company", "Name", "Phone", "Phone", "Street", "BillingStreet",
			"City", "BillingCity", "State", "BillingState", "PostalCode", "BillingPostalCode", "Country", "BillingCountry", "Website", "Website"))
		if err != nil {
			return got, err
		}
	}
	if got.ContactID = opts.ContactID; got.ContactID == "" {
		fields := copied("FirstName", "FirstName", "LastName", "LastName", "Salutation", "Salutation", "Title", "Title", "Phone", "Phone",
			"MobilePhone", "MobilePhone", "Fax", "Fax", "Email", "Email", "Street", "MailingStreet", "City", "MailingCity",
			"State", "MailingState", "PostalCode", "MailingPostalCode", "Country", "MailingCountry", "LeadSource", "LeadSource")
		fields["AccountId"] = got.AccountID
		if got.ContactID, err = t.create(t.o.object("Contact"), fields); err != nil {
			return got, err
		}
	}
	change := map[string]any{"IsConverted": true, "Status": "Closed - Converted", "ConvertedDate": t.at, "ConvertedAccountId": got.AccountID, "ConvertedContactId": got.ContactID}
	if opts.Opportunity {
		got.OpportunityID, err = t.create(t.o.object("Opportunity"), map[string]any{"Name": r.text(lead, "Company") + "-", "AccountId": got.AccountID,
			"StageName": "Prospecting", "CloseDate": t.at.AddDate(0, 3, 0), "OwnerId": ownerID})
		if err != nil {
			return got, err
		}
		change["ConvertedOpportunityId"] = got.OpportunityID
	}
	return got, t.update(lead, id, change)
}
