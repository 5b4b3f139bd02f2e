package salesforce

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Asked is an object whose changed records a poll asks for.
type Asked struct {
	Object switchboard.Object
	Fields []string
	After  Cursor
}

// Polled is what a poll has asked for. The first page of each is there; the
// pages behind it are asked for as they are yielded. What is wrong with one
// object alone, such as a permission that it lost, is yielded in its place.
type Polled struct {
	Messages iter.Seq2[MessagePage, error]
	Records  []iter.Seq2[ChangePage, error] // in the order in which they were asked for
}

// Poll asks for the SMS__c rows behind a cursor and for the records of objects
// behind theirs, the oldest change first: deleted ones, the losers of merges with
// the record that stands for them now, converted Leads with what they became.
// All are asked for in one call, five objects at a time and the messages first,
// which is what a quiet org costs. What changes meanwhile comes last or with the
// next poll. The caller steps its cursors back by [Overlap].
//
// An error of Poll is about all of it.
func (o *Org) Poll(ctx context.Context, messages Cursor, asked []Asked) (Polled, error) {
	var lookups []smsLookup
	d, err := o.Describe(ctx, SMSObject)
	if err == nil {
		lookups = smsLookups(d)
	}
	runs := []*changes{{object: SMSObject, columns: messageColumns(lookups), after: messages, err: err}}
	plans := make([]*plan, len(asked))
	for i, a := range asked {
		run := &changes{object: string(a.Object), after: a.After}
		if plans[i], run.err = o.plan(ctx, a.Object, a.Fields); run.err == nil {
			run.columns = plans[i].columns
		}
		runs = append(runs, run)
	}
	open := slices.DeleteFunc(slices.Clone(runs), func(r *changes) bool { return r.err != nil })
	for chunk := range slices.Chunk(open, MaxCompositeQueries) {
		if err := o.begin(ctx, chunk); err != nil {
			return Polled{}, err
		}
	}
	for _, r := range runs {
		if e, ok := errors.AsType[*Error](r.err); r.err != nil && (!ok || e.Class != ClassPermanent) {
			return Polled{}, r.err
		}
	}
	p := Polled{Messages: func(yield func(MessagePage, error) bool) {
		for page, err := range o.rest(ctx, runs[0]) {
			if !yield(MessagePage{remoteMessages(page.rows, lookups), page.Next, page.ReadAt}, err) {
				return
			}
		}
	}}
	for i, run := range runs[1:] {
		p.Records = append(p.Records, func(yield func(ChangePage, error) bool) {
			for page, err := range o.rest(ctx, run) {
				if err == nil {
					page.Records = plans[i].rows(page.rows)
					err = o.followMerges(ctx, page.Records)
				}
				if err != nil {
					yield(ChangePage{}, err)
					return
				}
				if !yield(page.ChangePage, nil) {
					return
				}
			}
		})
	}
	return p, nil
}

// changes is what changed of one object.
type changes struct {
	object  string
	columns []string
	after   Cursor
	readAt  time.Time // our clock before it was asked for
	first   *Page
	err     error // why there is no first page
}

// query asks for the rows behind the cursor, in the order of changes.
func (r *changes) query() *Query {
	q := Select(r.object, r.columns...).OrderBy("SystemModstamp", "Id")
	switch {
	case r.after.Stamp.IsZero():
	case r.after.ID == "":
		q.Where(AtLeast("SystemModstamp", r.after.Stamp))
	default:
		q.Where(After("SystemModstamp", r.after.Stamp, "Id", r.after.ID))
	}
	return q
}

// begin reads the first pages of as many objects as one call takes.
func (o *Org) begin(ctx context.Context, runs []*changes) error {
	steps := make([]Step, len(runs))
	for i, r := range runs {
		r.readAt = o.now()
		steps[i] = o.QueryAllStep(fmt.Sprintf("q%d", i), r.query())
	}
	results, err := o.Composite(ctx, false, steps)
	if err != nil {
		return err
	}
	for i, r := range runs {
		what := "query " + r.object
		if e := results[i].Err; e != nil {
			e.What, r.err = what, e
			o.forgetAfter(e, r.object)
			continue
		}
		c := call{what: what}
		r.first, r.err = c.page(&answer{status: http.StatusOK, header: http.Header{}, body: results[i].Body})
	}
	return nil
}

type changedRows struct {
	ChangePage
	rows []Row
}

// rest yields the first page and those behind it.
func (o *Org) rest(ctx context.Context, r *changes) iter.Seq2[changedRows, error] {
	return func(yield func(changedRows, error) bool) {
		next := r.after
		for page, err := range o.onFrom(ctx, r.object, r.first, r.err) {
			if err != nil {
				yield(changedRows{}, err)
				return
			}
			for _, row := range page.Rows {
				if c := (Cursor{row.Time("SystemModstamp"), row.ID("Id")}); next.before(c) {
					next = c
				}
			}
			if !yield(changedRows{ChangePage{Next: next, ReadAt: r.readAt}, page.Rows}, nil) {
				return
			}
		}
	}
}
