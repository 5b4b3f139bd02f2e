package store

import (
	"context"
	"maps"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// draft is the rows of the remote records that are not here yet. It is the
// larger part of the work to prepare them, and depends on little that is here,
// which draft remembers.
type draft struct {
	settings int64             // their version
	users    map[string]string // ours by Salesforce's ids
	here     map[string]string // our records by Salesforce's ids, of those that the remote ones name

	news    *bulk
	made    map[string]*synced // by Salesforce id
	agreed  insertion
	missing []string
}

// has reports whether the record is drafted.
func (d *draft) has(r *switchboard.RemoteRecord) bool { return d.made[r.SalesforceID] != nil }

// draftAhead begins to draft what is not here of c. The result waits for it.
func (db *DB) draftAhead(ctx context.Context, org string, c Remote) func() (*draft, error) {
	var d *draft
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = db.inRead(ctx, func(t *tx) error {
			a := &applier{tx: t, org: org, remote: c}
			var err error
			if a.snap, err = a.snapshot(org); err != nil {
				return err
			}
			if err := a.read(); err != nil {
				return err
			}
			d, err = a.newDraft()
			return err
		})
	}()
	return func() (*draft, error) {
		<-done
		return d, err
	}
}

// adopt takes the draft over, or makes another if there is none or if what it
// depends on has changed.
func (a *applier) adopt(d *draft) error {
	if d == nil || d.settings != a.snap.settings.Version || !maps.Equal(d.users, a.users.here) || !maps.Equal(d.here, a.here()) {
		var err error
		if d, err = a.newDraft(); err != nil {
			return err
		}
	}
	a.draft = d
	for id, s := range d.made {
		a.known[id], a.byID[s.recordID] = s, s
	}
	a.result.Missing = slices.Clone(d.missing)
	a.result.Created = len(d.made)
	return nil
}

// here returns which record stands here for each that is known.
func (a *applier) here() map[string]string {
	here := make(map[string]string, len(a.known))
	for id, s := range a.known {
		here[id] = a.final(s).recordID
	}
	return here
}

// newDraft drafts the records that are not known. One that has gone is not made.
func (a *applier) newDraft() (*draft, error) {
	n := max(0, len(a.remote.Records)-len(a.known))
	d := &draft{
		settings: a.snap.settings.Version, users: a.users.here, here: a.here(),
		news: a.newBulk(a.org, a.snap, switchboard.OriginSalesforce, n),
		made: make(map[string]*synced, n),
	}
	made := make([]*synced, 0, n)
	for i := range a.remote.Records {
		r := &a.remote.Records[i]
		if r.Gone() || a.known[r.SalesforceID] != nil {
			continue
		}
		fields := a.ours(r.Fields)
		if err := d.news.collect(NewRecord{Object: r.Object, Fields: switchboard.MergeFields(nil, nil, fields).Fields, SalesforceID: r.SalesforceID}); err != nil {
			return nil, err
		}
		s := &synced{recordID: d.news.ids[len(d.news.ids)-1], object: string(r.Object), salesforceID: r.SalesforceID, base: fields, stamp: micros(r.Stamp)}
		made = append(made, s)
		d.made[r.SalesforceID], a.known[r.SalesforceID], a.byID[s.recordID] = s, s, s
	}
	d.missing = a.result.Missing
	d.news.rows.sortWords()
	var err error
	d.agreed, err = newlySynced(a.org, made)
	return d, err
}
