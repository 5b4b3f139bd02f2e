package salesforce

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

// Org is a Salesforce org as the sync engine uses it: records, messages and
// bells instead of calls. It is safe for concurrent use.
type Org struct {
	*Client
	owner ownerCache
}

// NewOrg returns the org that a client calls.
func NewOrg(c *Client) *Org { return &Org{Client: c} }

// plan says how the records of an object are asked for and read: the fields
// that were wished for, as far as the user may see them, and what tells whether
// a record still stands for itself.
type plan struct {
	object  switchboard.Object
	wished  []Field
	columns []string
}

// columns that say what became of a record, where an object has them. Custom
// objects have no merges, only Leads are converted, and only orgs with person
// accounts have the last.
var fateColumns = [...]string{"MasterRecordId", "IsConverted", "ConvertedContactId", "ConvertedAccountId", "IsPersonAccount", orgpackage.KeyField}

// plan looks at the object's description. A field that the user may not see is
// left out: to ask for it would fail the whole query, as if there were none.
func (o *Org) plan(ctx context.Context, object switchboard.Object, wished []string) (*plan, error) {
	d, err := o.Describe(ctx, string(object))
	if err != nil {
		return nil, err
	}
	p := &plan{object: object, columns: []string{"Id", "SystemModstamp", "IsDeleted"}}
	add := func(name string) {
		if !slices.Contains(p.columns, name) {
			p.columns = append(p.columns, name)
		}
	}
	for _, name := range fateColumns {
		if d.Has(name) {
			add(name)
		}
	}
	if object == switchboard.Contact && d.Has("IsPersonAccount") {
		add("AccountId") // what a person's contact stands for
	}
	for _, name := range wished {
		f, ok := d.Field(name)
		if !ok || !selectable(f) || slices.ContainsFunc(p.wished, func(g Field) bool { return g.Name == f.Name }) {
			continue
		}
		p.wished = append(p.wished, f)
		add(f.Name)
	}
	return p, nil
}

// record reads a row. get returns a column's value as REST or a bulk result
// have it: nil and "" are no value.
func (p *plan) record(get func(column string) any) (switchboard.RemoteRecord, bool) {
	text := func(column string) string { s, _ := get(column).(string); return s }
	id := func(column string) string { long, _ := LongID(text(column)); return long }
	yes := func(column string) bool { v, _ := fieldValue(Field{Type: "boolean"}, get(column)).(bool); return v }
	r := switchboard.RemoteRecord{SalesforceID: id("Id"), Object: p.object, Key: text(orgpackage.KeyField), Deleted: yes("IsDeleted"), MasterID: id("MasterRecordId")}
	stamp, err := ParseTime(text("SystemModstamp"))
	if r.SalesforceID == "" || err != nil {
		return r, false
	}
	r.Stamp = stamp
	switch {
	case p.object == switchboard.Lead && yes("IsConverted"):
		// The contact of a person account stands for the account in its turn.
		if r.ConvertedID = id("ConvertedContactId"); r.ConvertedID == "" {
			r.ConvertedID = id("ConvertedAccountId")
		}
	case p.object == switchboard.Contact && yes("IsPersonAccount"):
		// A person account is one person with two records of the same numbers. In
		// Salesforce's pages only the account shows; here the contact stands for it,
		// or every text from a person would be ambiguous.
		r.ConvertedID = id("AccountId")
	}
	r.Fields = make(switchboard.Fields, len(p.wished))
	for _, f := range p.wished {
		r.Fields[f.Name] = fieldValue(f, get(f.Name))
	}
	return r, true
}

// rows reads the rows of a query. One that is not what it should be is left
// out; there is none such.
func (p *plan) rows(rows []Row) []switchboard.RemoteRecord {
	records := make([]switchboard.RemoteRecord, 0, len(rows))
	for _, row := range rows {
		if r, ok := p.record(func(c string) any { return row[c] }); ok {
			records = append(records, r)
		}
	}
	return records
}

// fieldValue turns a value as REST or a bulk result write it into the one form
// that it has here, so that a record is the same by whichever way it came: text
// with newlines as one character, bools, numbers without a useless fraction,
// ids in 18 characters, times as [FormatTime] writes them, and nil for no value.
func fieldValue(f Field, v any) any {
	if n, ok := v.(json.Number); ok {
		v = string(n)
	}
	s, ok := v.(string)
	if !ok {
		if _, isBool := v.(bool); isBool {
			return v
		}
		return nil // null, or a compound that nobody asked for
	}
	if s == "" {
		return nil
	}
	switch f.Type {
	case "boolean":
		b, err := strconv.ParseBool(s)
		if err != nil {
			return nil
		}
		return b
	case "int", "long", "double", "currency", "percent":
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil
		}
		return json.Number(strconv.FormatFloat(n, 'f', -1, 64))
	case "datetime":
		if t, err := ParseTime(s); err == nil {
			return FormatTime(t)
		}
	case "id", "reference":
		if id, ok := LongID(s); ok {
			return id
		}
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
}

// idsAtOnce is how many ids stand in one query: with more, its address would be
// longer than Salesforce takes.
const idsAtOnce = 100

// Records returns the records with the ids, deleted ones among them. One that
// is left out is gone without a trace.
func (o *Org) Records(ctx context.Context, object switchboard.Object, fields, ids []string) ([]switchboard.RemoteRecord, error) {
	p, err := o.plan(ctx, object, fields)
	if err != nil {
		return nil, err
	}
	var all []switchboard.RemoteRecord
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		for page, err := range o.QueryAll(ctx, Select(string(object), p.columns...).Where(In("Id", chunk...))) {
			if err != nil {
				return nil, err
			}
			all = append(all, p.rows(page.Rows)...)
		}
	}
	return all, o.followMerges(ctx, all)
}

// maxMerges is how many merges one after the other are followed.
const maxMerges = 20

// followMerges makes the losers of merges name the record that stands for them
// now: the winner may have lost a merge of its own since.
func (o *Org) followMerges(ctx context.Context, records []switchboard.RemoteRecord) error {
	into := map[string]string{} // what a record was merged into, "" for one that was not
	for range maxMerges {
		open := map[switchboard.Object][]string{}
		for _, r := range records {
			last := lastMaster(into, r.MasterID)
			if _, known := into[last]; r.Deleted && last != "" && !known && !slices.Contains(open[r.Object], last) {
				open[r.Object] = append(open[r.Object], last)
			}
		}
		if len(open) == 0 {
			break
		}
		for object, ids := range open {
			for chunk := range slices.Chunk(ids, idsAtOnce) {
				for _, id := range chunk {
					into[id] = ""
				}
				for row, err := range Rows(o.QueryAll(ctx, Select(string(object), "Id", "IsDeleted", "MasterRecordId").Where(In("Id", chunk...)))) {
					if err != nil {
						return err
					}
					if row.Bool("IsDeleted") {
						into[row.ID("Id")] = row.ID("MasterRecordId")
					}
				}
			}
		}
	}
	for i := range records {
		if records[i].Deleted {
			records[i].MasterID = lastMaster(into, records[i].MasterID)
		}
	}
	return nil
}

// lastMaster follows a chain as far as it is known.
func lastMaster(into map[string]string, id string) string {
	for range maxMerges {
		next := into[id]
		if next == "" {
			break
		}
		id = next
	}
	return id
}

// PhoneFields returns the fields of an object that hold phone numbers and that
// the user may see, in the order of the object's description. In an org with
// person accounts those of a person are among an Account's.
func (o *Org) PhoneFields(ctx context.Context, object switchboard.Object) ([]Field, error) {
	d, err := o.Describe(ctx, string(object))
	if err != nil {
		return nil, err
	}
	var phones []Field
	for _, f := range d.Fields {
		if f.Type == "phone" {
			phones = append(phones, f)
		}
	}
	return phones, nil
}

// PersonAccounts reports whether the org has person accounts.
func (o *Org) PersonAccounts(ctx context.Context) (bool, error) {
	d, err := o.Describe(ctx, string(switchboard.Account))
	if err != nil {
		return false, err
	}
	return d.Has("IsPersonAccount"), nil
}

// Users returns the people who may sign in to the org, the inactive ones too.
func (o *Org) Users(ctx context.Context) ([]switchboard.RemoteUser, error) {
	var users []switchboard.RemoteUser
	q := Select("User", "Id", "Email", "Name", "IsActive").Where(Eq("UserType", "Standard")).OrderBy("Id")
	for row, err := range Rows(o.Query(ctx, q)) {
		if err != nil {
			return nil, err
		}
		users = append(users, switchboard.RemoteUser{SalesforceID: row.ID("Id"), Email: row.Text("Email"), Name: row.Text("Name"), Active: row.Bool("IsActive")})
	}
	return users, nil
}

// PackageVersion returns the version of the package that the org has; "" if it
// has none, or hides it.
func (o *Org) PackageVersion(ctx context.Context) (string, error) {
	rows, err := Collect(o.Query(ctx, Select(orgpackage.VersionType, "Version__c").Where(Eq("DeveloperName", "Installed"))))
	if HasCode(err, "INVALID_TYPE", "INVALID_FIELD", "NOT_FOUND") || err == nil && len(rows) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return rows[0].Text("Version__c"), nil
}

// clock is the time by whichever clock is behind, the org's in the header Date
// of its answers or ours: to begin too early costs a little reading, and to begin
// too late loses changes.
func (o *Org) clock(date string) time.Time {
	ours := o.now().UTC()
	if theirs, err := time.Parse(time.RFC1123, date); err == nil && theirs.Before(ours) {
		return theirs.UTC()
	}
	return ours
}
