package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Remote is what was read from the org's Salesforce.
type Remote struct {
	// ReadAt is when it was asked for. What we have written since, or were
	// writing meanwhile, it may not show: such rows are left out, and have to be
	// read again.
	ReadAt   time.Time
	Records  []switchboard.RemoteRecord
	Messages []switchboard.RemoteMessage
	// Unseen are ids that [Applied.Missing] named and that nobody can see: a record
	// that one of them stands for counts as deleted, and a message that names
	// one is where it is here.
	Unseen []string
}

// Applied says what came of it.
type Applied struct {
	Created, Updated, Deleted, Restored, Merged, Unchanged int
	Placed                                                 int // messages that a person there assigned or took off
	// Later is how many rows were left out, because we write to them just now.
	Later int
	// Missing are the Salesforce ids of records that have to be here first: a
	// merge's winner, what a Lead became, what a message was assigned to, a
	// Contact's Account. What needs one of the first three was not applied; a
	// Contact was, with the id as it came.
	Missing []string
}

func (a *Applied) add(b Applied) {
	a.Created, a.Updated, a.Deleted, a.Restored, a.Merged, a.Unchanged = a.Created+b.Created, a.Updated+b.Updated, a.Deleted+b.Deleted, a.Restored+b.Restored, a.Merged+b.Merged, a.Unchanged+b.Unchanged
	a.Placed, a.Later = a.Placed+b.Placed, a.Later+b.Later
	for _, id := range b.Missing {
		if !slices.Contains(a.Missing, id) {
			a.Missing = append(a.Missing, id)
		}
	}
}

// applyAtOnce bounds the records of one transaction, so that messages never
// wait long for it.
const applyAtOnce = 200

// ApplyRemote brings here what was changed in Salesforce: records are made,
// edited, deleted, restored and merged, and messages placed, as if by people
// here. The waiting messages of the numbers that this changes are decided
// again. What is here already is left alone, so it may be applied as often as
// one likes. It works in short transactions; a message is placed in that of the
// record that it was placed on.
func (db *DB) ApplyRemote(ctx context.Context, org string, c Remote) (total Applied, err error) {
	// A transaction is flushed while the next one works.
	flushed := make(chan error, 1)
	flushed <- nil
	defer func() { err = cmp.Or(<-flushed, err) }()
	parts := c.parts()
	// A part is drafted while the one before it is applied.
	drafted := func() (*draft, error) { return nil, nil }
	defer func() { _, _ = drafted() }()
	for i, part := range parts {
		d, err := drafted()
		if err != nil {
			return total, err
		}
		if i+1 < len(parts) {
			drafted = db.draftAhead(ctx, org, parts[i+1])
		}
		var applied Applied
		durable, err := db.commitRecord(ctx, func(t *tx) error {
			a := &applier{tx: t, org: org, readAt: micros(c.ReadAt), remote: part}
			if err := a.apply(d); db.dialect.unique(err) {
				return errAgain // somebody else made the same record here
			} else if err != nil {
				return err
			}
			applied = a.result
			return nil
		})
		if err != nil {
			return total, err
		}
		err = <-flushed
		go func() { flushed <- durable() }()
		if err != nil {
			return total, err
		}
		total.add(applied)
	}
	return total, nil
}

// parts returns what each transaction applies, in order.
func (c Remote) parts() []Remote {
	records := latestOfEach(c.Records)
	// A record is made before another is merged into it.
	slices.SortStableFunc(records, func(a, b switchboard.RemoteRecord) int {
		return map[bool]int{true: 1}[a.Gone()] - map[bool]int{true: 1}[b.Gone()]
	})
	messages := slices.Clone(c.Messages)
	var parts []Remote
	for len(records) > 0 || len(messages) > 0 {
		part := Remote{ReadAt: c.ReadAt, Unseen: c.Unseen, Records: records[:min(len(records), applyAtOnce)]}
		records = records[len(part.Records):]
		if len(records) == 0 {
			part.Messages = slices.Clone(messages[:min(len(messages), applyAtOnce)])
		} else {
			part.Messages = placedOn(messages, part.Records)
		}
		messages = slices.DeleteFunc(messages, func(m switchboard.RemoteMessage) bool {
			return slices.ContainsFunc(part.Messages, func(p switchboard.RemoteMessage) bool { return p.MessageID == m.MessageID })
		})
		parts = append(parts, part)
	}
	return parts
}

func latestOfEach(records []switchboard.RemoteRecord) []switchboard.RemoteRecord {
	place := make(map[string]int, len(records))
	kept := make([]switchboard.RemoteRecord, 0, len(records))
	for _, r := range records {
		i, have := place[r.SalesforceID]
		if !have {
			place[r.SalesforceID] = len(kept)
			kept = append(kept, r)
		} else if !r.Stamp.Before(kept[i].Stamp) {
			kept[i] = r
		}
	}
	return kept
}

func placedOn(messages []switchboard.RemoteMessage, records []switchboard.RemoteRecord) []switchboard.RemoteMessage {
	if len(messages) == 0 {
		return nil
	}
	ids := map[string]bool{}
	for _, r := range records {
		ids[r.SalesforceID] = true
	}
	var placed []switchboard.RemoteMessage
	for _, m := range messages {
		for _, id := range m.Lookups {
			if ids[id] && len(placed) < applyAtOnce {
				placed = append(placed, m)
				break
			}
		}
	}
	return placed
}

// applier is one transaction of ApplyRemote.
type applier struct {
	*tx
	org    string
	readAt int64
	remote Remote
	result Applied

	snap    *snapshot
	users   userMap
	known   map[string]*synced             // by Salesforce id
	byID    map[string]*synced             // by record id
	records map[string]*switchboard.Record // by id: of known ones that may be changed
	senders map[switchboard.MatchKey]switchboard.Sender
	locked  map[switchboard.MatchKey]*heard
	draft   *draft                        // of the records that are not here yet
	changes map[string]switchboard.Change // by record id
	written []*synced                     // of those that were here
	pushes  []string                      // records with changes that Salesforce does not have
}

// apply applies the part, of which d, if there is one, was drafted before.
func (a *applier) apply(d *draft) error {
	a.senders, a.changes, a.records = map[switchboard.MatchKey]switchboard.Sender{}, map[string]switchboard.Change{}, map[string]*switchboard.Record{}
	var err error
	if a.snap, err = a.heldSnapshot(a.org); err != nil {
		return err
	}
	if err := a.read(); err != nil {
		return err
	}
	if err := a.adopt(d); err != nil {
		return err
	}
	plans, err := a.plan()
	if err != nil {
		return err
	}
	placements, err := a.readPlacements()
	if err != nil {
		return err
	}
	if err := a.lock(plans); err != nil {
		return err
	}
	touched := unsettled{}
	decide, err := a.edit(plans)
	if err != nil {
		return err
	}
	for _, p := range placements {
		if err := a.carryOutPlacement(p); err != nil {
			return err
		}
	}
	for _, k := range slices.Sorted(maps.Keys(decide)) {
		if !a.locked[k].waiting {
			continue
		}
		if _, err := a.decideAgain(a.org, a.snap, k, decide[k]); err != nil {
			return err
		}
		touched.add(k)
	}
	if err := a.insert(a.draft.agreed); err != nil {
		return err
	}
	if err := a.writeSynced(a.org, a.written...); err != nil {
		return err
	}
	if err := a.pushRecords(a.org, a.snap, a.pushes...); err != nil {
		return err
	}
	return a.settle(a.org, a.snap, touched)
}

// read finds what is known here of all that the rows name.
func (a *applier) read() error {
	var err error
	if a.users, err = a.userMap(a.org, a.snap.users); err != nil {
		return err
	}
	a.known, a.byID = map[string]*synced{}, map[string]*synced{}
	ids := map[string]bool{}
	made := map[string]string{} // Salesforce ids of those that we may have made, by our key
	for _, r := range a.remote.Records {
		ids[r.SalesforceID], ids[r.StandIn()], ids[account(r.Fields)] = true, true, true
		if r.Key != "" {
			made[r.Key] = r.SalesforceID
		}
	}
	for _, m := range a.remote.Messages {
		for _, id := range m.Lookups {
			ids[id] = true
		}
	}
	delete(ids, "")
	found, err := a.syncedThere(a.org, slices.Sorted(maps.Keys(ids))...)
	if err != nil {
		return err
	}
	if err := a.follow(found); err != nil {
		return err
	}
	if err := a.readKeyed(made); err != nil {
		return err
	}
	return a.readKeyless()
}

// readKeyless finds the records of the org's own objects that we made in
// Salesforce without having heard that it was done: those have no field for our
// key, and are told by holding what was sent.
func (a *applier) readKeyless() error {
	for i := range a.remote.Records {
		r := &a.remote.Records[i]
		if !r.Object.Custom() || r.Key != "" || a.known[r.SalesforceID] != nil || r.Gone() {
			continue
		}
		sent, err := a.syncedFrom(a.bySalesforceID(), "org_id = $1 AND salesforce_id IS NULL AND object = $2 AND sending <> '' AND merged_into = '' ORDER BY record_id", a.org, string(r.Object))
		if err != nil {
			return err
		}
		for _, s := range sent {
			if _, taken := a.byID[s.recordID]; taken || !holds(r.Fields, s.sending) {
				continue
			}
			s.salesforceID = r.SalesforceID
			a.byID[s.recordID], a.known[s.salesforceID] = s, s
			break
		}
	}
	return nil
}

// holds reports whether theirs has all that was sent, as far as it was read.
func holds(theirs, sent switchboard.Fields) bool {
	for name, v := range sent {
		if there, read := theirs[name]; read && !switchboard.SameValue(there, v) {
			return false
		}
	}
	return len(sent) > 0
}

// follow adds what was found, and the records that those were merged into.
func (a *applier) follow(found []*synced) error {
	for range maxChain {
		var into []string
		for _, s := range found {
			a.byID[s.recordID] = s
			if s.salesforceID != "" {
				a.known[s.salesforceID] = s
			}
		}
		for _, s := range found {
			if s.mergedInto != "" && a.byID[s.mergedInto] == nil {
				into = append(into, s.mergedInto)
			}
		}
		if len(into) == 0 {
			return nil
		}
		var err error
		if found, err = a.synced("org_id = $1 AND "+a.in("record_id", "$2"), a.org, a.list(into)); err != nil {
			return err
		}
		for _, id := range into { // one that was never synced
			if !slices.ContainsFunc(found, func(s *synced) bool { return s.recordID == id }) {
				found = append(found, &synced{recordID: id})
			}
		}
	}
	return nil
}

// readKeyed finds the records that we made in Salesforce without having heard
// that it was done: they carry our key there.
func (a *applier) readKeyed(made map[string]string) error {
	keys := map[string]string{} // by record id
	var ours []string
	for key, id := range made {
		if record, _, _ := strings.Cut(key, keyMark); a.known[id] == nil {
			keys[record] = key
			ours = append(ours, record)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	slices.Sort(ours)
	state, err := a.synced("org_id = $1 AND "+a.in("record_id", "$2"), a.org, a.list(ours))
	if err != nil {
		return err
	}
	for _, s := range state {
		a.byID[s.recordID] = s
	}
	return a.each(func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		if err != nil {
			return err
		}
		s := a.byID[r.ID]
		if s == nil {
			s = &synced{recordID: r.ID, object: string(r.Object)}
			a.byID[r.ID] = s
		}
		if key := keys[r.ID]; key == recordKey(r.ID, s.salesforceID) { // else it is a copy that somebody made there, key and all
			// Nothing is agreed on this one yet, but that it is ours.
			s.salesforceID, s.base, s.baseDeleted, s.stamp = made[key], switchboard.Fields{}, false, 0
			a.known[s.salesforceID] = s
		}
		return nil
	}, recordSelect+"org_id = $1 AND "+a.in("id", "$2"), a.org, a.list(ours))
}

// keyMark stands in a record's key before the id of the one that it replaces.
const keyMark = "-"

// recordKey is what a record carries in Salesforce, by which a retry finds it.
// One that was deleted there and is made anew gets another key, with the id that
// it had: the old one may be a Lead that was converted, and still hold its key.
func recordKey(record, replaces string) string {
	if replaces == "" {
		return record
	}
	return record + keyMark + replaces
}

// final follows the merges from a record to the one that stands for it.
func (a *applier) final(s *synced) *synced {
	if now := a.byID[s.recordID]; now != nil {
		s = now
	}
	for range maxChain {
		into := a.byID[s.mergedInto]
		if s.mergedInto == "" || into == nil {
			return s
		}
		s = into
	}
	return s
}

func account(f switchboard.Fields) string {
	id, _ := switchboard.ParseSalesforceID(f.Text("AccountId"))
	return id
}

// ours returns the fields with our ids in place of Salesforce's, where there
// are some. An account that is not here is reported as missing.
func (a *applier) ours(f switchboard.Fields) switchboard.Fields {
	f = maps.Clone(f)
	if id := account(f); id != "" {
		if s := a.known[id]; s != nil {
			f["AccountId"] = a.final(s).recordID
		} else {
			a.missing(id)
		}
	}
	if id := f.Text("OwnerId"); id != "" {
		if u := a.users.here[id]; u != "" {
			f["OwnerId"] = u
		}
	}
	for name, v := range f {
		if s, ok := v.(string); ok {
			if repaired, changed := switchboard.Repair(s); changed {
				f[name] = repaired
			}
		}
	}
	return f
}

func (a *applier) missing(id string) {
	if !slices.Contains(a.result.Missing, id) {
		a.result.Missing = append(a.result.Missing, id)
	}
}

// lock takes the senders of everything that the plans and the placements touch,
// then the records, and makes sure that nothing has changed since it was read.
func (a *applier) lock(plans []*plan) error {
	var known []string
	for _, p := range plans {
		for _, n := range p.numbers {
			a.senders[n.Key] = switchboard.Sender{Kind: switchboard.SenderPhone, Address: string(n.Phone), Key: n.Key}
		}
		if p.record != nil {
			known = append(known, p.record.ID)
		}
		if p.into != nil {
			known = append(known, p.into.recordID)
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	if err := a.addSenders(known); err != nil {
		return err
	}
	for k, s := range a.draft.news.senders {
		a.senders[k] = s
	}
	var err error
	if a.locked, err = a.lockSenders(a.org, a.senders, nil); err != nil {
		return err
	}
	return a.unchanged(known)
}

// addSenders adds all senders whose messages one of the records has or matches.
func (a *applier) addSenders(records []string) error {
	if len(records) == 0 {
		return nil
	}
	return a.each(func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		k := switchboard.MatchKey(key)
		if _, have := a.senders[k]; !have {
			a.senders[k] = senderOfKey(k) // what has messages or matches has a row, where rows are locked
		}
		return err
	}, "SELECT match_key FROM record_number WHERE org_id = $1 AND "+a.in("record_id", "$2")+`
			UNION SELECT match_key FROM record_sender WHERE org_id = $1 AND `+a.in("record_id", "$2")+`
			UNION SELECT match_key FROM link WHERE org_id = $1 AND `+a.in("record_id", "$2"), a.org, a.list(records))
}

// unchanged fails with errAgain if a record, or what was agreed on it, is not
// as it was read. Until the transaction ends neither changes.
func (a *applier) unchanged(records []string) error {
	if len(records) == 0 || a.db.writer != nil {
		return nil // SQLite has one writer: this transaction
	}
	err := a.each(func(rows *sql.Rows) error {
		var id string
		var version int64
		if err := rows.Scan(&id, &version); err != nil {
			return err
		}
		if r := a.records[id]; r != nil && r.Version != version {
			return errAgain
		}
		return nil
	}, "SELECT id, version FROM record WHERE org_id = $1 AND "+a.in("id", "$2")+" ORDER BY id"+a.db.dialect.forUpdate, a.org, a.list(records))
	if err != nil {
		return err
	}
	return a.each(func(rows *sql.Rows) error {
		var id, into string
		var sent, noted, stamp int64
		if err := rows.Scan(&id, &sent, &noted, &stamp, &into); err != nil {
			return err
		}
		if s := a.byID[id]; s == nil || s.sentAt != sent || s.notedAt != noted || s.stamp != stamp || s.mergedInto != into {
			return errAgain
		}
		return nil
	}, "SELECT record_id, sent_at, noted_at, stamp, merged_into FROM record_sync WHERE org_id = $1 AND "+a.in("record_id", "$2")+" ORDER BY record_id"+a.db.dialect.forUpdate, a.org, a.list(records))
}

var errNoRecord = errors.New("what was agreed on a record is here without the record")
