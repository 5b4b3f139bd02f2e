package salesforce

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
)

// SMSObject is the object of our messages.
const SMSObject = "SMS__c"

// smsKey is the field by which a message is found there: its id here.
const smsKey = "External_Id__c"

// SMS is a message as it is to be in Salesforce.
type SMS struct {
	ID          string // the message's id here
	Name        string // SMS-000042
	Phone       string // of the person, E.164
	Body        string
	Direction   string // inbound or outbound
	State       string // unassigned, assigned or dismissed
	Channel     string // what people call it
	ReceivedAt  time.Time
	Reason      string
	Explanation string
	// Lookups holds the Salesforce id of the record in each lookup; one that is
	// missing is cleared. nil leaves all of them as they are.
	Lookups map[switchboard.Object]string
	// Owner is the id of the user who is to own the row, "" to leave it to whom it
	// belongs. Where the org does not let that user own it, it is left, too.
	Owner string
}

// fields writes the message as a row. Optional fields that the org has taken
// away from us are left out, and texts are cut where the org's field ends: a
// message in the org that is not all there is better than none.
func (m SMS) fields(d *Object) map[string]any {
	f := map[string]any{smsKey: m.ID}
	set := func(name string, value any) {
		field, ok := d.Field(name)
		if !ok || !field.Createable || !field.Updateable {
			return
		}
		if s, isText := value.(string); isText {
			if value = cutUnits(clean(s), field.Length); value == "" {
				value = nil
			}
		}
		f[field.Name] = value
	}
	set("Name", m.Name)
	set("Phone__c", m.Phone)
	set("Message__c", m.Body)
	set("Direction__c", capital(m.Direction))
	set("Status__c", capital(m.State))
	set("Channel__c", m.Channel)
	set("Assignment_Reason__c", m.Reason)
	set("Explanation__c", m.Explanation)
	if !m.ReceivedAt.IsZero() {
		set("Received_At__c", FormatTime(m.ReceivedAt))
	}
	if m.Owner != "" {
		set(ownerField, m.Owner)
	}
	if m.Lookups == nil {
		return f
	}
	for _, l := range smsLookups(d) {
		var value any
		if id := m.Lookups[l.object]; id != "" {
			value = id
		}
		set(l.field, value)
	}
	return f
}

// capital makes the value of a picklist of the package from one of ours.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return strings.ToUpper(string(r)) + s[n:]
}

// cutUnits cuts a text to so many UTF-16 units, which is how Salesforce counts,
// between two characters. 0 cuts nothing.
func cutUnits(s string, most int) string {
	if most <= 0 || len(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		n++
		if r > 0xffff {
			n++
		}
		if n > most {
			return s[:i]
		}
	}
	return s
}

// parents orders messages by what they are looked up to, so that one call has
// those of one record together: Salesforce locks the parent of each row, and two
// calls that take the same parents in another order wait for each other.
func (m SMS) parents() string {
	l := m.Lookups
	return l[switchboard.Account] + " " + l[switchboard.Contact] + " " + l[switchboard.Lead]
}

// UpsertMessages writes messages, 200 a call, and returns what became of each,
// in their order. It may be repeated after any outcome. Once a call fails in a
// way that the next one would too, the rest is not tried, and fails alike.
func (o *Org) UpsertMessages(ctx context.Context, messages []SMS) []Result {
	results := make([]Result, len(messages))
	d, err := o.Describe(WithUse(ctx, useOf(ctx, UseWrite)), SMSObject)
	order := make([]int, len(messages))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(messages[a].parents(), messages[b].parents()) })
	for chunk := range slices.Chunk(order, MaxCollection) {
		var done []Result
		if err == nil {
			rows := make([]map[string]any, len(chunk))
			for i, at := range chunk {
				rows[i] = messages[at].fields(d)
			}
			done, err = o.upsertRows(ctx, rows)
		}
		for i, at := range chunk {
			if err != nil {
				results[at] = Result{Err: asError(err)}
				continue
			}
			results[at] = done[i]
			if e := done[i].Err; e != nil && e.Code == "INVALID_FIELD" {
				o.Forget(SMSObject) // a field was taken away since it was described
			}
		}
		if err != nil && HasCode(err, "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE") {
			o.Forget(SMSObject)
		}
		if d != nil && HasCode(err, CodeNoAnswer, CodeUnreadable) {
			err = nil // the next call may go well
		}
	}
	return results
}

// upsertRows writes rows of one call. Those that the org refuses for their owner
// are written once more without: who may own a row, nobody but the org knows.
func (o *Org) upsertRows(ctx context.Context, rows []map[string]any) ([]Result, error) {
	// Two equal texts are two texts, whatever a duplicate rule thinks.
	options := WriteOptions{SaveDuplicate: true}
	done, err := o.UpsertCollection(ctx, SMSObject, smsKey, rows, options)
	if err != nil {
		return nil, err
	}
	var again []int
	var less []map[string]any
	for i, r := range done {
		if _, owned := rows[i][ownerField]; owned && r.Err != nil && aboutOwner(r.Err) {
			row := maps.Clone(rows[i])
			delete(row, ownerField)
			again, less = append(again, i), append(less, row)
		}
	}
	if len(again) == 0 {
		return done, nil
	}
	redone, err := o.UpsertCollection(ctx, SMSObject, smsKey, less, options)
	for n, i := range again {
		if err != nil {
			done[i] = Result{Err: asError(err)} // the other rows are written
			continue
		}
		done[i] = redone[n]
	}
	return done, nil
}

const ownerField = "OwnerId"

// aboutOwner reports whether a row may have been refused for its owner: a user
// who is inactive, may not read SMS__c, is of another kind, or is gone; or one
// from whom, or to whom, we may not give a row.
func aboutOwner(e *Error) bool {
	switch e.Code {
	case "INSUFFICIENT_ACCESS_OR_READONLY", "INACTIVE_OWNER_OR_USER", "TRANSFER_REQUIRES_READ", "OP_WITH_INVALID_USER_TYPE_EXCEPTION":
		return true
	}
	return e.Reference() && len(e.Fields) == 0 || slices.ContainsFunc(e.Fields, func(f string) bool { return strings.EqualFold(f, ownerField) })
}
