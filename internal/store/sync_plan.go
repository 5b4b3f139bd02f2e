package store

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// plan is what is to be done about one record that Salesforce has changed.
type plan struct {
	was, now *synced             // as agreed, before and after
	record   *switchboard.Record // as it is
	fields   switchboard.Fields  // as they are to be; nil: they stay
	quiet    bool                // nobody changed anything: Salesforce has filled in what it always does
	deleted  bool                // as it is to be
	named    bool                // it is gone, and what names it in Salesforce goes on naming it
	into     *synced             // the record that stands for it from now on
	merge    switchboard.FieldMerge
	numbers  []switchboard.RecordNumber
	rejected []switchboard.RejectedNumber
}

// plan decides what to do about each record that is not drafted.
func (a *applier) plan() ([]*plan, error) {
	if err := a.readRecords(); err != nil {
		return nil, err
	}
	var plans []*plan
	for i := range a.remote.Records {
		r := &a.remote.Records[i]
		if a.draft.has(r) {
			continue
		}
		s := a.known[r.SalesforceID]
		if s == nil { // it has gone before it was ever seen, and is nobody's loss
			if into := a.known[r.StandIn()]; into != nil {
				a.known[r.SalesforceID] = into // for the messages that name it
			}
			a.result.Unchanged++
			continue
		}
		if stale(a.readAt, s.sentAt, s.notedAt) {
			a.result.Later++
			continue
		}
		if micros(r.Stamp) < s.stamp { // a newer reading was applied before it
			a.result.Unchanged++
			continue
		}
		p, err := a.planKnown(r, s)
		if err != nil {
			return nil, err
		}
		if p != nil {
			plans = append(plans, p)
		}
	}
	return plans, nil
}

// readRecords reads the known records that the rows are about.
func (a *applier) readRecords() error {
	var ids []string
	for i := range a.remote.Records {
		r := &a.remote.Records[i]
		if s := a.known[r.SalesforceID]; s != nil && !a.draft.has(r) {
			ids = append(ids, s.recordID)
			if into := a.known[r.StandIn()]; into != nil {
				ids = append(ids, a.final(into).recordID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return a.each(func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		if err == nil {
			a.records[r.ID] = r
		}
		return err
	}, recordSelect+"org_id = $1 AND "+a.in("id", "$2"), a.org, a.list(slices.Compact(ids)))
}

// planKnown decides what to do about a record that is here, nil for nothing.
func (a *applier) planKnown(r *switchboard.RemoteRecord, s *synced) (*plan, error) {
	record := a.records[s.recordID]
	if record == nil {
		return nil, errNoRecord
	}
	now := *s
	now.stamp, now.baseDeleted = micros(r.Stamp), r.Gone()
	// Salesforce empties the lookups to what is deleted, and not those to a Lead
	// that was converted.
	p := &plan{was: s, now: &now, record: record, deleted: record.Deleted, named: r.Gone() && !r.Deleted}
	if standIn := r.StandIn(); standIn != "" && !slices.Contains(a.remote.Unseen, standIn) {
		into := a.known[standIn]
		if into == nil {
			a.missing(standIn)
			return nil, nil
		}
		into = a.final(into)
		if s.mergedInto != "" || into.recordID == s.recordID {
			a.result.Unchanged++
			return nil, nil
		}
		now.mergedInto, p.into, p.deleted = into.recordID, into, true
		return p, nil
	}
	if s.mergedInto != "" {
		if r.Gone() { // it is gone for good, and its winner goes on standing for it
			a.result.Unchanged++
			return nil, nil
		}
		now.mergedInto = "" // brought back from the bin
	}
	if s.baseDeleted != r.Gone() {
		p.deleted = r.Gone()
	}
	if !r.Gone() {
		a.mergeFields(p, a.ours(r.Fields))
	}
	if p.fields == nil && p.deleted == record.Deleted && len(p.merge.Push) == 0 && s.salesforceID == record.SalesforceID &&
		s.sending == nil && s.baseDeleted == now.baseDeleted && sameFields(s.base, now.base) {
		a.result.Unchanged++
		return nil, nil
	}
	p.numbers, p.rejected = switchboard.RecordNumbers(record.Object, p.latest(), a.snap.settings.PhoneFields, a.snap.settings.Region)
	return p, nil
}

// mergeFields merges what Salesforce has with what is here.
func (a *applier) mergeFields(p *plan, theirs switchboard.Fields) {
	p.merge = switchboard.MergeFields(p.was.agreed(theirs), p.record.Fields, theirs)
	p.now.base = theirs
	for name, v := range p.was.base { // what was not read now is still agreed
		if _, read := theirs[name]; !read {
			p.now.base[name] = v
		}
	}
	p.now.sending = nil
	if sameFields(p.merge.Fields, p.record.Fields) {
		return
	}
	p.fields = p.merge.Fields
	p.quiet = p.was.stamp == 0 && onlyFilledIn(p.record.Fields, p.fields)
}

// latest returns the record's fields as they are to be.
func (p *plan) latest() switchboard.Fields {
	if p.fields != nil {
		return p.fields
	}
	return p.record.Fields
}

// sameFields reports whether two records have the same values, one without a
// value being the same as none.
func sameFields(a, b switchboard.Fields) bool {
	for name, v := range a {
		if !switchboard.SameValue(v, b[name]) {
			return false
		}
	}
	for name, v := range b {
		if _, both := a[name]; !both && !switchboard.SameValue(v, nil) {
			return false
		}
	}
	return true
}

// onlyFilledIn reports whether all that differs is what Salesforce gives every
// new record that comes without it.
func onlyFilledIn(before, after switchboard.Fields) bool {
	for name, v := range after {
		if switchboard.SameValue(v, before[name]) {
			continue
		}
		if (name != "OwnerId" && name != "Status" && v != false) || !switchboard.SameValue(before[name], nil) {
			return false
		}
	}
	for name := range before {
		if _, still := after[name]; !still {
			return false
		}
	}
	return true
}

// keysOf returns which numbers each of the records matches.
func (a *applier) keysOf(records []string) (map[switchboard.MatchKey]map[string]bool, error) {
	keys := map[switchboard.MatchKey]map[string]bool{}
	if len(records) == 0 {
		return keys, nil
	}
	return keys, a.each(func(rows *sql.Rows) error {
		var k, record string
		if err := rows.Scan(&k, &record); err != nil {
			return err
		}
		key := switchboard.MatchKey(k)
		if keys[key] == nil {
			keys[key] = map[string]bool{}
		}
		keys[key][record] = true
		return nil
	}, "SELECT DISTINCT match_key, record_id FROM record_number WHERE org_id = $1 AND "+a.in("record_id", "$2"), a.org, a.list(records))
}

// edit carries the plans out, and returns the numbers whose set of matching
// records differs from what it was, with what changed it.
func (a *applier) edit(plans []*plan) (map[switchboard.MatchKey]switchboard.Change, error) {
	var ids []string
	for _, p := range plans {
		ids = append(ids, p.record.ID)
		if p.into != nil {
			ids = append(ids, p.into.recordID)
		}
	}
	before, err := a.keysOf(ids)
	if err != nil {
		return nil, err
	}
	if err := a.insertRecords(a.draft.news.rows); err != nil {
		return nil, err
	}
	if n := len(a.draft.news.ids); n > 0 {
		if err := a.audit(salesforceActor(a.org), "record.create_many", "record", a.draft.news.ids[0], countBySalesforce(n)); err != nil {
			return nil, err
		}
	}
	for _, p := range plans {
		if err := a.carryOut(p); err != nil {
			return nil, err
		}
		a.written = append(a.written, p.now)
		a.byID[p.now.recordID], a.known[p.now.salesforceID] = p.now, p.now
	}
	after, err := a.keysOf(ids)
	if err != nil {
		return nil, err
	}
	decide := maps.Clone(a.draft.news.changes)
	for _, sets := range []map[switchboard.MatchKey]map[string]bool{before, after} {
		for k := range sets {
			if a.locked[k] == nil {
				return nil, errAgain
			}
			for _, id := range ids {
				if before[k][id] != after[k][id] {
					decide[k] = a.changes[id]
				}
			}
		}
	}
	return decide, nil
}

func (a *applier) carryOut(p *plan) error {
	r := *p.record
	if p.now.salesforceID != r.SalesforceID {
		if err := a.setSalesforceID(a.org, a.snap, r.ID, p.now.salesforceID); err != nil {
			return err
		}
	}
	if p.into != nil {
		return a.mergeInto(p)
	}
	by := salesforceActor(a.org)
	if len(p.merge.Push) > 0 || p.deleted != p.now.baseDeleted {
		a.pushes = append(a.pushes, r.ID)
	}
	for _, c := range p.merge.Overridden {
		detail, err := json.Marshal(c)
		if err != nil {
			return err
		}
		if err := a.audit(by, "record.override", "record", r.ID, string(detail)); err != nil {
			return err
		}
	}
	if p.deleted && p.named {
		if err := a.pushMessagesOf(a.org, a.snap, r.ID); err != nil {
			return err
		}
	}
	if p.deleted && !r.Deleted {
		a.result.Deleted++
		a.changes[r.ID] = switchboard.Change{Kind: switchboard.RecordDeleted, Record: r.Ref()}
		if err := a.setDeleted(a.org, &r, true); err != nil {
			return err
		}
		return a.audit(by, "record.delete", "record", r.ID, string(r.Object))
	}
	if !p.deleted && r.Deleted {
		a.result.Restored++
		a.changes[r.ID] = switchboard.Change{Kind: switchboard.RecordRestored, Record: r.Ref()}
		if err := a.setDeleted(a.org, &r, false); err != nil {
			return err
		}
		r.Deleted, r.Version = false, r.Version+1
		if err := a.audit(by, "record.restore", "record", r.ID, string(r.Object)); err != nil {
			return err
		}
		if p.fields == nil {
			return a.indexNumbers(a.org, r.Ref(), p.numbers, p.rejected)
		}
	}
	if p.fields == nil {
		return nil
	}
	return a.rewrite(p, r)
}

// rewrite gives the record its fields.
func (a *applier) rewrite(p *plan, r switchboard.Record) error {
	edited := r
	edited.Fields, edited.Name = p.fields, switchboard.RecordName(r.Object, p.fields)
	if r.Deleted || p.quiet {
		fields, err := encodeFields(p.fields)
		if err != nil {
			return err
		}
		if err := a.exec("UPDATE record SET fields = $3, name = $4, name_key = $5 WHERE org_id = $1 AND id = $2", a.org, r.ID, fields, edited.Name, nameKey(edited.Name)); err != nil {
			return err
		}
		return a.rewriteWords(a.org, &edited, p.numbers)
	}
	a.result.Updated++
	if _, restored := a.changes[r.ID]; !restored {
		a.changes[r.ID] = editChange(&r, &edited, a.snap.settings.PhoneFields)
	}
	if err := a.rewriteRecord(a.org, &edited, p.numbers, p.rejected); err != nil {
		return err
	}
	var names []string
	for name := range p.fields {
		if !switchboard.SameValue(p.fields[name], r.Fields[name]) {
			names = append(names, name)
		}
	}
	for name := range r.Fields {
		if _, still := p.fields[name]; !still {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return a.audit(salesforceActor(a.org), "record.update", "record", r.ID, joinWords(names))
}
