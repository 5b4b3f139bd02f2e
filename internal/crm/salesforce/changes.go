package salesforce

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Overlap is how far back of its cursor a poll looks again. A row gets its
// stamp when its transaction writes it, and is seen when that ends, which may
// be minutes later: a reader who has passed the stamp by then would miss the row
// for ever. Everybody who polls Salesforce has found this out.
const Overlap = 10 * time.Minute

// Cursor is a row's place in the order of changes. Rows share a stamp, after
// every bulk update by the thousand, so that the id belongs to it.
type Cursor struct {
	Stamp time.Time
	ID    string // "": before all rows with the stamp
}

// before reports whether c comes before d.
func (c Cursor) before(d Cursor) bool {
	if !c.Stamp.Equal(d.Stamp) {
		return c.Stamp.Before(d.Stamp)
	}
	return c.ID < d.ID
}

// Back returns the cursor so much earlier.
func (c Cursor) Back(d time.Duration) Cursor {
	if c.Stamp.IsZero() {
		return Cursor{}
	}
	return Cursor{Stamp: c.Stamp.Add(-d)}
}

// ChangePage is a part of what changed.
type ChangePage struct {
	Records []switchboard.RemoteRecord
	Next    Cursor    // of its last row; where to go on
	ReadAt  time.Time // our clock before it was asked for: what we wrote since may not be in it
}

// MessagePage is a part of the changed SMS__c rows.
type MessagePage struct {
	Messages []switchboard.RemoteMessage
	Next     Cursor
	ReadAt   time.Time
}

// Messages returns the SMS__c rows with the ids.
func (o *Org) Messages(ctx context.Context, ids []string) ([]switchboard.RemoteMessage, error) {
	d, err := o.Describe(ctx, SMSObject)
	if err != nil {
		return nil, err
	}
	lookups := smsLookups(d)
	columns := messageColumns(lookups)
	var all []switchboard.RemoteMessage
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		rows, err := Collect(o.QueryAll(ctx, Select(SMSObject, columns...).Where(In("Id", chunk...))))
		if err != nil {
			return nil, err
		}
		all = append(all, remoteMessages(rows, lookups)...)
	}
	return all, nil
}

// messageColumns are what people may change about a message, and nothing of what
// is in it.
func messageColumns(lookups []smsLookup) []string {
	columns := []string{"Id", smsKey, "SystemModstamp", "IsDeleted", "LastModifiedById"}
	for _, l := range lookups {
		columns = append(columns, l.field)
	}
	return columns
}

func remoteMessages(rows []Row, lookups []smsLookup) []switchboard.RemoteMessage {
	all := make([]switchboard.RemoteMessage, 0, len(rows))
	for _, row := range rows {
		m := switchboard.RemoteMessage{SalesforceID: row.ID("Id"), MessageID: row.Text(smsKey), Lookups: map[switchboard.Object]string{},
			Stamp: row.Time("SystemModstamp"), ModifiedBy: row.ID("LastModifiedById"), Deleted: row.Bool("IsDeleted")}
		for _, l := range lookups {
			if id := row.ID(l.field); id != "" {
				m.Lookups[l.object] = id
			}
		}
		all = append(all, m)
	}
	return all
}

// smsLookup is a lookup of SMS__c, and the object that it leads to.
type smsLookup struct {
	field  string
	object switchboard.Object
}

// smsLookups returns the lookups of SMS__c to records: Contact__c, Lead__c,
// Account__c, and those that an org has added for objects of its own.
func smsLookups(d *Object) []smsLookup {
	var all []smsLookup
	for _, f := range d.Fields {
		if f.Type == "reference" && len(f.ReferenceTo) == 1 && strings.HasSuffix(f.Name, "__c") {
			all = append(all, smsLookup{f.Name, switchboard.Object(f.ReferenceTo[0])})
		}
	}
	return all
}
