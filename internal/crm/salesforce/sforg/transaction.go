package sforg

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"
)

// An actor is who writes, and how the request wants it done.
type actor struct {
	user    *User
	client  string // of Sforce-Call-Options
	version string // of the API
	soap    bool   // by SOAP rather than REST
	system  bool   // the org itself: writes what users may only read, and no rule applies

	allowSave bool // Sforce-Duplicate-Rule-Header
	details   bool
}

// A transaction is a series of writes that take effect together. It holds the
// org's lock for as long as it lasts.
type transaction struct {
	actor
	o       *Org
	at      time.Time
	stamp   instant
	undo    []func()
	changes []*pending
	noted   map[recordKey]*pending
}

// recordKey names a record within the org.
type recordKey struct {
	ob  *object
	num int
}

// pending is the change of one record that a transaction will publish.
type pending struct {
	ob      *object
	num     int
	kind    ChangeType
	changed map[int]bool
}

// begin starts a transaction. The caller holds the lock until commit.
func (o *Org) begin(a actor) *transaction {
	at := o.now()
	return &transaction{actor: a, o: o, at: at, stamp: instantOf(at.Add(-o.delay))}
}

// mark returns a point to roll back to.
func (t *transaction) mark() int { return len(t.undo) }

func (t *transaction) rollback(mark int) {
	for i := len(t.undo) - 1; i >= mark; i-- {
		t.undo[i]()
	}
	t.undo = t.undo[:mark]
}

// commit publishes what was written.
func (t *transaction) commit() {
	if len(t.changes) == 0 {
		return
	}
	number := t.o.nextCommit()
	key := fmt.Sprintf("%s-%s-%s-%s-%s", t.o.randomHex(8), t.o.randomHex(4), t.o.randomHex(4), t.o.randomHex(4), t.o.randomHex(12))
	origin := "com/salesforce/api/rest/"
	if t.soap {
		origin = "com/salesforce/api/soap/"
	}
	origin += cmp.Or(t.version, "62.0")
	if t.client != "" {
		origin += ";client=" + t.client
	}
	sequence := 0
	merged := map[string]int{} // an equal change to its index in the feed
	for _, p := range t.changes {
		if p.kind == "" || p.ob.Metadata {
			continue
		}
		r := p.ob.rows[p.num]
		c := Change{Object: p.ob.Name, Type: p.kind, IDs: []string{r.id}, User: t.user.ID, Origin: origin,
			CommitAt: t.at, CommitNumber: number, TransactionKey: key}
		p.describe(&c, r)
		same := ""
		if c.Type == ChangeUpdate || c.Type == ChangeDelete {
			same = fmt.Sprint(c.Object, c.Type, c.Fields)
		}
		if i, ok := merged[same]; ok && same != "" {
			t.o.feed.changes[i].IDs = append(t.o.feed.changes[i].IDs, r.id)
			continue
		}
		sequence++
		c.Sequence = sequence
		t.o.feed.append(c)
		merged[same] = len(t.o.feed.changes) - 1
	}
	t.o.feed.publish(t.at)
	t.changes, t.undo, t.noted = nil, nil, nil
}

// describe fills in what a change event says of a record's fields.
func (p *pending) describe(c *Change, r *row) {
	if p.kind == ChangeDelete {
		return
	}
	c.Fields = map[string]any{}
	for _, f := range p.ob.fields {
		if f.Calculated || f.ordinal == fieldID || f.ordinal == fieldIsDeleted || f.ordinal == fieldSystemModstamp {
			continue
		}
		v := export(r.get(p.ob, f))
		switch {
		case p.kind == ChangeUpdate && p.changed[f.ordinal]:
			c.Fields[f.Name] = v
			c.Changed = append(c.Changed, f.Name)
		case p.kind != ChangeUpdate && v != nil:
			c.Fields[f.Name] = v
		}
	}
}

// note remembers a change for commit. One record gets one event per transaction,
// of its first kind.
func (t *transaction) note(ob *object, num int, kind ChangeType, changed map[int]bool) {
	key := recordKey{ob, num}
	p := t.noted[key]
	if p == nil {
		p = &pending{ob, num, kind, changed}
		t.changes = append(t.changes, p)
		if t.noted == nil {
			t.noted = map[recordKey]*pending{}
		}
		t.noted[key] = p
		n := len(t.changes) - 1
		t.undo = append(t.undo, func() {
			t.changes = t.changes[:n]
			delete(t.noted, key)
		})
		return
	}
	before := *p
	t.undo = append(t.undo, func() { *p = before })
	if kind == ChangeDelete {
		p.kind = ChangeDelete
		if before.kind == ChangeCreate {
			p.kind = "" // never seen by anybody
		}
		return
	}
	p.changed = map[int]bool{}
	maps.Copy(p.changed, before.changed)
	maps.Copy(p.changed, changed)
}

// put makes r the current version of its record.
func (t *transaction) put(ob *object, r *row) {
	var old *row
	if r.num < len(ob.rows) {
		old = ob.rows[r.num]
		ob.rows[r.num] = r
	} else {
		ob.rows = append(ob.rows, r)
	}
	ob.index(old, r)
	ob.stamped(r)
	t.o.regrant(ob)
	t.undo = append(t.undo, func() {
		t.o.regrant(ob)
		ob.index(r, old)
		if old == nil {
			ob.rows = ob.rows[:r.num]
		} else {
			ob.rows[r.num] = old
			ob.stamped(old) // the entry of r is outdated now
		}
	})
}

// index takes old out of the unique indexes and puts r in; either may be nil.
func (ob *object) index(old, r *row) {
	for ordinal, keys := range ob.unique {
		f := ob.fields[ordinal]
		if old != nil && !old.deleted {
			if k := uniqueKey(f, old.raw(ordinal)); k != "" && keys[k] == old.num+1 {
				delete(keys, k)
			}
		}
		if r != nil && !r.deleted {
			if k := uniqueKey(f, r.raw(ordinal)); k != "" {
				keys[k] = r.num + 1
			}
		}
	}
}

// uniqueKey is what two equal values of a unique field have in common.
func uniqueKey(f *Field, v any) string {
	if v == nil {
		return ""
	}
	s := fmt.Sprint(v)
	if !f.CaseSensitive {
		s = strings.ToLower(s)
	}
	return s
}

// stamped notes in the log when r was written.
func (ob *object) stamped(r *row) {
	e := stampEntry{r.stamp, r.num}
	i := len(ob.log)
	for i > 0 && ob.log[i-1].at > e.at {
		i--
	}
	ob.log = slices.Insert(ob.log, i, e)
	if len(ob.log) > 1000 && len(ob.log) > 3*len(ob.rows) {
		ob.log = slices.DeleteFunc(ob.log, func(e stampEntry) bool {
			return e.num >= len(ob.rows) || ob.rows[e.num] == nil || ob.rows[e.num].stamp != e.at
		})
		ob.log = slices.CompactFunc(ob.log, func(a, b stampEntry) bool { return a == b })
	}
}

// create makes a record and returns its id.
func (t *transaction) create(ob *object, fields map[string]any) (string, *Error) {
	if ob.Metadata && !t.system {
		return "", &Error{Code: "INVALID_TYPE_FOR_OPERATION", Message: "entity type cannot be inserted: " + ob.Label}
	}
	if !t.system && !t.user.rights(ob).create {
		return "", errorf("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: "+ob.Label)
	}
	num := len(ob.rows)
	r := &row{id: makeID(ob.Prefix, num+1), num: num, created: t.stamp, modified: t.stamp, stamp: t.stamp,
		createdBy: t.user.ID, modifiedBy: t.user.ID}
	if _, err := t.assign(ob, r, fields, true); err != nil {
		return "", err
	}
	var missing []string
	for _, f := range ob.fields[systemFields:] {
		if f.Calculated || r.raw(f.ordinal) != nil {
			continue
		}
		switch {
		case f.Name == "OwnerId":
			r.set(f.ordinal, t.user.ID)
		case f.Default != nil:
			r.set(f.ordinal, f.Default)
		case f.Name == "Name" && ob.AutoName != "":
		case f.Required && !f.Defaulted:
			missing = append(missing, f.Name)
		}
	}
	if ob.Name == "Account" && r.text(ob, "LastName") != "" {
		missing = slices.DeleteFunc(missing, func(n string) bool { return n == "Name" })
		r.set(ob.field("Name").ordinal, strings.TrimSpace(r.text(ob, "FirstName")+" "+r.text(ob, "LastName")))
	}
	if len(missing) > 0 && !t.system {
		return "", errorf("REQUIRED_FIELD_MISSING", "Required fields are missing: ["+strings.Join(missing, ", ")+"]", missing...)
	}
	if err := t.check(ob, nil, r); err != nil {
		return "", err
	}
	if ob.AutoName != "" && r.text(ob, "Name") == "" {
		ob.counter++
		r.set(ob.field("Name").ordinal, autoName(ob.AutoName, ob.counter))
	}
	t.put(ob, r)
	t.note(ob, num, ChangeCreate, nil)
	if ob.Name == "User" {
		t.o.users[r.id] = &User{ID: r.id, Username: r.text(ob, "Username"), org: t.o}
		if t.o.admin.ID == r.id {
			t.o.users[r.id] = t.o.admin
		}
	}
	if ob.Name == "Account" && t.o.config.PersonAccounts {
		return r.id, t.personContact(ob, r)
	}
	return r.id, nil
}

// autoName fills in a format such as SMS-{0000000}.
func autoName(format string, n int) string {
	head, rest, _ := strings.Cut(format, "{")
	zeros, tail, _ := strings.Cut(rest, "}")
	return fmt.Sprintf("%s%0*d%s", head, len(zeros), n, tail)
}

// update changes fields of a record.
func (t *transaction) update(ob *object, id string, fields map[string]any) *Error {
	old := ob.find(id)
	switch {
	case ob.Metadata && !t.system:
		return &Error{Code: "INVALID_TYPE_FOR_OPERATION", Message: "entity type cannot be updated: " + ob.Label}
	case old == nil:
		return errorf("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	case old.deleted:
		return entityIsDeleted()
	case ob.Name == "Lead" && old.get(ob, ob.field("IsConverted")) == true && !t.system:
		return errorf("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
	case !t.system && !(t.user.rights(ob).edit && t.user.editsRow(ob, old)):
		return noRights(id)
	}
	r := old.copy()
	changed, err := t.assign(ob, r, fields, false)
	if err != nil {
		return err
	}
	for _, f := range ob.fields[systemFields:] {
		if f.Required && !f.Calculated && f.Type != TypeBoolean && changed[f.ordinal] && r.raw(f.ordinal) == nil {
			return errorf("REQUIRED_FIELD_MISSING", "Required fields are missing: ["+f.Name+"]", f.Name)
		}
	}
	if err := t.check(ob, old, r); err != nil {
		return err
	}
	t.touch(ob, old, r, changed)
	if ob.Name == "User" {
		t.o.users[r.id].Username = r.text(ob, "Username")
	}
	if ob.Name == "Account" && t.o.config.PersonAccounts {
		return t.personContact(ob, r)
	}
	return nil
}

// touch stores r as written by the transaction's user now.
func (t *transaction) touch(ob *object, old, r *row, changed map[int]bool) {
	if changed == nil {
		changed = map[int]bool{}
	}
	r.modified, r.stamp = t.stamp, t.stamp
	changed[fieldLastModifiedDate] = true
	if old.modifiedBy != t.user.ID {
		changed[fieldLastModifiedByID] = true
		r.modifiedBy = t.user.ID
	}
	t.put(ob, r)
	t.note(ob, r.num, ChangeUpdate, changed)
}

// noRights is what a user hears who sees a record and may not do that to it.
func noRights(id string) *Error {
	return errorf("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id "+cut(id, 18))
}

func entityIsDeleted() *Error {
	return &Error{Code: "ENTITY_IS_DELETED", Message: "entity is deleted", Status: 404, Fields: []string{}}
}

// assign sets the given fields of r, and returns which have another value now.
func (t *transaction) assign(ob *object, r *row, fields map[string]any, insert bool) (map[int]bool, *Error) {
	names := make([]string, 0, len(fields))
	for n := range fields {
		names = append(names, n)
	}
	sort.Strings(names)
	changed := map[int]bool{}
	var refused []string
	for _, name := range names {
		if name == "attributes" {
			continue
		}
		in := fields[name]
		f := ob.field(name)
		if nested, ok := in.(map[string]any); ok {
			var err *Error
			if f, in, err = t.byExternalID(ob, name, nested); err != nil {
				return nil, err
			}
		}
		switch {
		case f == nil || !t.system && !t.user.sees(ob, f):
			return nil, &Error{Code: "INVALID_FIELD", Message: fmt.Sprintf("No such column '%s' on sobject of type %s", name, ob.Name)}
		case f.ordinal == fieldID && in == nil:
			continue
		case f.Calculated, f.ordinal < systemFields, f.ReadOnly && !t.system, f.FixedOnCreate && !insert, !t.system && !t.user.edits(ob, f),
			f.Name == "Name" && ob.AutoName != "":
			refused = append(refused, f.Name)
			continue
		}
		v, err := coerce(f, in)
		if err != nil {
			return nil, err
		}
		if f.Type == TypeReference && v != nil {
			if err := t.checkReference(f, v.(string)); err != nil {
				return nil, err
			}
		}
		if r.raw(f.ordinal) != v {
			if err := t.checkOwner(ob, f, r, v, insert); err != nil {
				return nil, err
			}
			changed[f.ordinal] = true
			r.set(f.ordinal, v)
		}
	}
	if refused != nil {
		return nil, errorf("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: "+strings.Join(refused, ", ")+
			". Please check the security settings of this field and verify that it is read/write for your profile or permission set.", refused...)
	}
	return changed, nil
}

// byExternalID resolves "Contact__r":{"Key__c":"x"} to the reference field and an id.
func (t *transaction) byExternalID(ob *object, name string, nested map[string]any) (*Field, any, *Error) {
	f := ob.byRel[strings.ToLower(name)]
	if f == nil {
		return nil, nil, &Error{Code: "INVALID_FIELD", Message: fmt.Sprintf("No such column '%s' on sobject of type %s", name, ob.Name)}
	}
	for key, v := range nested {
		if key == "attributes" {
			continue
		}
		for _, to := range f.ReferenceTo {
			target := t.o.object(to)
			if target == nil {
				continue
			}
			if ext := target.field(key); ext != nil && ext.ExternalID && (t.system || t.user.seesObject(target) && t.user.sees(target, ext)) {
				found := target.byKey(ext, fmt.Sprint(v))
				if len(found) != 1 {
					return nil, nil, errorf("INVALID_FIELD", fmt.Sprintf("Foreign key external ID: %v not found for field %s in entity %s", v, ext.Name, target.Name))
				}
				return f, found[0].id, nil
			}
		}
	}
	return nil, nil, errorf("INVALID_FIELD", fmt.Sprintf("The relationship %s needs exactly one external ID field", name))
}

// byKey finds the live records with a value in an external id field.
func (ob *object) byKey(f *Field, value string) []*row {
	v, err := coerce(f, value)
	if err != nil || v == nil {
		return nil
	}
	key := uniqueKey(f, v)
	if f.Unique {
		if n := ob.unique[f.ordinal][key]; n > 0 {
			return []*row{ob.rows[n-1]}
		}
		return nil
	}
	var found []*row
	for _, r := range ob.rows {
		if r != nil && !r.deleted && uniqueKey(f, r.raw(f.ordinal)) == key {
			found = append(found, r)
		}
	}
	return found
}

func (t *transaction) checkReference(f *Field, id string) *Error {
	target := t.o.objectOf(id)
	if target == nil || !slices.Contains(f.ReferenceTo, target.Name) {
		return errorf("MALFORMED_ID", fmt.Sprintf("%s: id value of incorrect type: %s", f.Label, id), f.Name)
	}
	if r := target.find(id); r == nil || r.deleted && !t.system {
		return errorf("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", f.Name)
	}
	return nil
}

// checkOwner refuses a new owner who may not sign in or not read the record, and
// who gives a record away that is not theirs to give.
func (t *transaction) checkOwner(ob *object, f *Field, r *row, v any, insert bool) *Error {
	id, _ := v.(string)
	if f.Name != "OwnerId" || id == "" {
		return nil
	}
	if !t.system && !insert && !t.user.owns(ob, r) && !t.user.rights(ob).modifyAll {
		return noRights(r.id)
	}
	if u := t.o.users[id]; u != nil && !u.seesObject(ob) {
		return errorf("TRANSFER_REQUIRES_READ", "The new owner must have read permission", f.Name)
	}
	users := t.o.object("User")
	if r := users.find(id); r != nil && r.raw(users.field("IsActive").ordinal) == false {
		return errorf("INACTIVE_OWNER_OR_USER", fmt.Sprintf("operation performed with inactive user [%s] as owner of %s", id, strings.ToLower(ob.Label)), f.Name)
	}
	return nil
}
