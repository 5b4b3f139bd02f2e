package crm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// How often what changes seldom is looked at.
const (
	setupEvery   = 5 * time.Minute
	usersEvery   = time.Hour
	compareEvery = 24 * time.Hour

	readLease = 2 * time.Minute // how long one process reads at most without saying that it still does
)

// Progress is told how far a first load is.
type Progress func(object switchboard.Object, rows, total int64)

// Puller brings here what was changed in Salesforce. It is safe for concurrent
// use: it reads one thing after the other.
type Puller struct {
	db       *store.DB
	org      string
	who      string // which process this is
	remote   Remote
	gate     *Gate
	progress Progress
	now      func() time.Time
	log      *slog.Logger

	streams streams

	pulling sync.Mutex // one Pull at a time
	setupAt time.Time
	usersAt time.Time
	hidden  map[switchboard.Object]*hiding // what can't be read, by itself
	said    string                         // what a person should know of the settings there
	turn    int                            // of the objects that are asked for by turns

	// applying is held from a reading until it is applied, so that of two readings
	// of one thing the older is never applied last. A load does without: there the
	// records' stamps tell.
	applying sync.Mutex
}

// scope is what is synced, as the settings say it now.
type scope struct {
	objects []switchboard.Object
	fields  map[switchboard.Object][]string
}

func (p *Puller) scope(ctx context.Context) (scope, error) {
	settings, err := p.db.Settings(ctx, p.org)
	if err != nil {
		return scope{}, err
	}
	c, err := p.db.Salesforce(ctx, p.org)
	if err != nil {
		return scope{}, err
	}
	s := scope{objects: objectsOf(settings.PhoneFields), fields: map[switchboard.Object][]string{}}
	for _, o := range s.objects {
		s.fields[o] = fieldsOf(o, settings.PhoneFields, c.Fields)
	}
	return s, nil
}

// errBusy is why nothing was read.
var errBusy = &switchboard.Error{Code: switchboard.CodeConflict, Message: "Another process reads from Salesforce just now. Try again in a moment."}

// Pull reads everything that changed since it last did, and applies it. With
// full, records that have been read before are read again. It fails with
// conflict while another process reads.
func (p *Puller) Pull(ctx context.Context, full bool) error { return p.pulled(ctx, full, false) }

// PullByTurns is Pull in one call where nothing happens: of objects beyond those
// that one call asks for, some are asked for this time and the others next.
func (p *Puller) PullByTurns(ctx context.Context) error { return p.pulled(ctx, false, true) }

func (p *Puller) pulled(ctx context.Context, full, turns bool) error {
	p.pulling.Lock()
	defer p.pulling.Unlock()
	return p.reading(ctx, func(ctx context.Context) error { return p.pull(ctx, full, turns) })
}

// reading runs do while no other process reads.
func (p *Puller) reading(ctx context.Context, do func(context.Context) error) error {
	if ok, err := p.db.ReadSalesforce(ctx, p.org, p.who, readLease); err != nil || !ok {
		if err == nil {
			err = errBusy
		}
		return err
	}
	err := do(ctx)
	_, released := p.db.ReadSalesforce(context.WithoutCancel(ctx), p.org, p.who, 0)
	return errors.Join(err, released)
}

// stillReading goes on being the one that reads.
func (p *Puller) stillReading(ctx context.Context) error {
	ok, err := p.db.ReadSalesforce(ctx, p.org, p.who, readLease)
	if err == nil && !ok {
		err = errBusy
	}
	return err
}

func (p *Puller) pull(ctx context.Context, full, turns bool) error {
	if err := p.setup(ctx, full); err != nil {
		return err
	}
	s, err := p.scope(ctx)
	if err != nil {
		return err
	}
	for _, o := range s.objects {
		if err := p.load(ctx, s, o, full); err != nil {
			return fmt.Errorf("read all of %s: %w", o, p.noted(ctx, err))
		}
	}
	if err := p.poll(ctx, s, p.due(s.objects, turns)); err != nil {
		return p.noted(ctx, err)
	}
	for _, o := range s.objects {
		if p.hidden[o] != nil {
			continue
		}
		if err := p.compareIfDue(ctx, s, o, full); err != nil {
			return fmt.Errorf("compare the ids of %s: %w", o, p.noted(ctx, err))
		}
	}
	p.gate.note(nil)
	for _, o := range s.objects {
		if h := p.hidden[o]; h != nil {
			return fmt.Errorf("%w: %s: %w", errPartly, o, h.err)
		}
	}
	return nil
}

// errPartly is why not all was read, though the rest was.
var errPartly = errors.New("an object in Salesforce can't be read")

// hiding is an object that can't be read, for a reason that is its own and stays
// until a person does something about it: a permission was lost.
type hiding struct {
	err   error
	times int
	until time.Time // when it is asked for again
}

// hide notes that an object can't be read. The first time it may have lost just
// a field, which the next poll does without.
func (p *Puller) hide(o switchboard.Object, err error) {
	h := p.hidden[o]
	if h == nil {
		h = &hiding{}
		p.hidden[o] = h
		p.log.Warn("an object in Salesforce can't be read", "object", o, "err", err)
	}
	h.err, h.times = err, h.times+1
	if h.times > 1 {
		h.until = p.now().Add(setupEvery)
	}
}

// noted tells the gate of an error of Salesforce's.
func (p *Puller) noted(ctx context.Context, err error) error {
	var problem *Problem
	if errors.As(err, &problem) && p.gate.note(problem) {
		if perr := p.db.ParkSalesforce(ctx, p.org, p.gate.Until()); perr != nil {
			return errors.Join(err, perr)
		}
	}
	return err
}

// setup reads what admins set up: users, and Create Records From Unknown
// Numbers. A setting that cannot be is reported, and the one before stays.
func (p *Puller) setup(ctx context.Context, now bool) error {
	if now || p.now().Sub(p.usersAt) >= usersEvery {
		users, err := p.remote.Setup.Users(ctx)
		if err != nil {
			return p.noted(ctx, err)
		}
		if err := p.db.SetSalesforceUsers(ctx, p.org, users); err != nil {
			return err
		}
		p.usersAt = p.now()
	}
	if now || p.now().Sub(p.setupAt) >= setupEvery {
		return p.unknownNumbers(ctx)
	}
	return nil
}

// unknownNumbers reads Create Records From Unknown Numbers.
func (p *Puller) unknownNumbers(ctx context.Context) error {
	u, err := p.remote.Setup.UnknownNumbers(ctx)
	stranger := false
	if err == nil && u != nil {
		stranger, err = p.db.SetRemoteUnknownNumbers(ctx, p.org, *u)
	}
	said := ""
	var coded *switchboard.Error
	var problem *Problem
	switch {
	case err == nil && stranger:
		said = fmt.Sprintf("Create Records From Unknown Numbers in Salesforce names the owner %q, who is no user of Switchboard; the owner stays as it is set here. Add a user with the same e-mail address, or name another.", clip(u.Owner))
	case err == nil:
	case errors.As(err, &coded) && coded.Code == switchboard.CodeInvalid, errors.As(err, &problem) && problem.Kind == Permanent:
		said = "Create Records From Unknown Numbers in Salesforce can't be used as it is: " + sentenceOf(err)
	default:
		return p.noted(ctx, err)
	}
	if said != p.said && said != "" {
		p.log.Warn("Create Records From Unknown Numbers in Salesforce can't be used as it is", "stranger", stranger, "err", err)
	}
	p.said, p.setupAt = said, p.now()
	return nil
}

// clip bounds what is quoted of Salesforce's.
func clip(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// notice is what a person should know though all was synced, "" if nothing.
func (p *Puller) notice() string {
	p.pulling.Lock()
	defer p.pulling.Unlock()
	return p.said
}

// load reads all records of an object, unless that was done by the fields that
// are synced now. It goes on where it was cut off.
func (p *Puller) load(ctx context.Context, s scope, object switchboard.Object, full bool) error {
	c, err := p.db.SyncCursor(ctx, p.org, object)
	if err != nil {
		return err
	}
	if !c.LoadedAt.IsZero() {
		if !full && slices.Equal(c.Fields, s.fields[object]) {
			return nil
		}
		// A field that is synced from now on has values that nobody changes.
		c.LoadSince, c.LoadJob, c.LoadNext, c.LoadRows, c.LoadTotal, c.LoadedAt = time.Time{}, "", "", 0, 0, time.Time{}
	}
	from := Loading{Since: c.LoadSince, Job: c.LoadJob, Next: c.LoadNext, Rows: c.LoadRows, Total: c.LoadTotal}
	done := false
	pages := ahead(ctx, func(ctx context.Context) iter.Seq2[LoadPage, error] {
		return p.remote.Records.Load(ctx, object, s.fields[object], from)
	})
	for page, err := range pages {
		if err != nil {
			return err
		}
		if err := p.stillReading(ctx); err != nil {
			return err
		}
		if err := p.apply(ctx, s, store.Remote{ReadAt: page.ReadAt, Records: page.Records}); err != nil {
			return err
		}
		l := page.Loading
		c.LoadSince, c.LoadJob, c.LoadNext, c.LoadRows, c.LoadTotal = l.Since, l.Job, l.Next, l.Rows, l.Total
		if done = l.Done; done {
			c.LoadJob, c.LoadNext, c.LoadedAt, c.ComparedAt, c.Fields = "", "", p.now(), p.now(), s.fields[object]
			if c.Stamp.IsZero() || c.Stamp.After(l.Since) {
				c.Stamp = l.Since
			}
		}
		if err := p.db.SetSyncCursor(ctx, p.org, c); err != nil {
			return err
		}
		if p.progress != nil {
			p.progress(object, l.Rows, l.Total)
		}
	}
	if !done {
		return fmt.Errorf("the load of %s ended before its end", object)
	}
	return nil
}

// ahead yields what pages does, and has the next one read while the caller works
// on one.
func ahead[T any](ctx context.Context, pages func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	type page struct {
		content T
		err     error
	}
	return func(yield func(T, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		read, gone := make(chan page), make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			defer close(read)
			for content, err := range pages(ctx) {
				select {
				case read <- page{content, err}:
				case <-gone:
					return
				}
			}
		})
		defer reading.Wait()
		defer stop()
		defer close(gone)
		for p := range read {
			if !yield(p.content, p.err) {
				return
			}
		}
	}
}

// held bounds the rows of a poll that are applied together.
const held = 4000

// poll reads what changed: the messages first and then the records, so that
// what a message was placed on is among them, and a merge that has moved it.
// All is applied together, messages in the transaction of their records: a
// record that somebody made for a message gets it by that person's hand, not by
// the rule.
func (p *Puller) poll(ctx context.Context, s scope, objects []switchboard.Object) error {
	p.applying.Lock()
	defer p.applying.Unlock()
	asked, cursors, err := p.asked(ctx, s, objects)
	if err != nil {
		return err
	}
	at, err := p.db.SyncCursor(ctx, p.org, switchboard.SMSObject)
	if err != nil {
		return err
	}
	polled, err := p.remote.Changes.Poll(ctx, back(at.Stamp), asked)
	if err != nil {
		return err
	}
	messages, next, readAt, err := changedMessages(polled)
	if err != nil {
		return err
	}
	batch := store.Remote{ReadAt: readAt, Messages: messages}
	var read []store.SyncCursor // as far as the batch goes
	flush := func() error {
		if err := p.apply(ctx, s, batch); err != nil {
			return err
		}
		for _, c := range read {
			if err := p.db.SetSyncCursor(ctx, p.org, c); err != nil {
				return err
			}
		}
		batch, read = store.Remote{}, nil
		return p.stillReading(ctx)
	}
	for i, c := range cursors {
		shown := true
		for page, err := range polled.Records[i] {
			var problem *Problem
			if errors.As(err, &problem) && problem.Kind == Permanent {
				p.hide(c.Object, err)
				shown = false
				break
			}
			if err != nil {
				return err
			}
			if batch.ReadAt.IsZero() || page.ReadAt.Before(batch.ReadAt) {
				batch.ReadAt = page.ReadAt
			}
			batch.Records = append(batch.Records, page.Records...)
			if page.Next.Stamp.After(c.Stamp) {
				c.Stamp = page.Next.Stamp
			}
			read = append(slices.DeleteFunc(read, func(have store.SyncCursor) bool { return have.Object == c.Object }), c)
			if len(batch.Records) >= held {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if shown {
			delete(p.hidden, c.Object)
		}
	}
	if err := flush(); err != nil {
		return err
	}
	c, err := p.db.SyncCursor(ctx, p.org, switchboard.SMSObject)
	if err != nil || !next.Stamp.After(c.Stamp) {
		return err
	}
	c.Stamp = next.Stamp
	return p.db.SetSyncCursor(ctx, p.org, c)
}

// back is where a poll begins that has read all up to stamp.
func back(stamp time.Time) Cursor {
	if stamp.IsZero() {
		return Cursor{}
	}
	return Cursor{Stamp: stamp.Add(-Overlap)}
}

// askedAtOnce is how many objects one call asks for beside the messages: five
// queries are the most that a composite takes.
const askedAtOnce = 4

// due returns the objects that a poll asks for: all that can be read, or, by
// turns, as many as one call takes. What every org has is asked for each time,
// and those of its own take turns.
func (p *Puller) due(objects []switchboard.Object, turns bool) []switchboard.Object {
	objects = slices.DeleteFunc(slices.Clone(objects), func(o switchboard.Object) bool {
		h := p.hidden[o]
		return h != nil && p.now().Before(h.until)
	})
	if !turns || len(objects) <= askedAtOnce {
		return objects
	}
	var due, own []switchboard.Object
	for _, o := range objects {
		if o.Custom() {
			own = append(own, o)
		} else {
			due = append(due, o)
		}
	}
	for range min(askedAtOnce-len(due), len(own)) {
		due = append(due, own[p.turn%len(own)])
		p.turn++
	}
	return due
}

// asked returns what a poll asks for, and how far each of it has been read.
func (p *Puller) asked(ctx context.Context, s scope, objects []switchboard.Object) ([]Asked, []store.SyncCursor, error) {
	var asked []Asked
	var cursors []store.SyncCursor
	for _, o := range objects {
		c, err := p.db.SyncCursor(ctx, p.org, o)
		if err != nil {
			return nil, nil, err
		}
		asked, cursors = append(asked, Asked{Object: o, Fields: s.fields[o], After: back(c.Stamp)}), append(cursors, c)
	}
	return asked, cursors, nil
}

// changedMessages returns the messages that changed.
func changedMessages(polled Polled) ([]switchboard.RemoteMessage, Cursor, time.Time, error) {
	var all []switchboard.RemoteMessage
	var next Cursor
	var readAt time.Time
	for page, err := range polled.Messages {
		if err != nil {
			return nil, next, readAt, err
		}
		if readAt.IsZero() {
			readAt = page.ReadAt
		}
		all, next = append(all, page.Messages...), page.Next
	}
	return all, next, readAt, nil
}

// rounds bounds how often what is missing is fetched for what needs it.
const rounds = 4

// apply applies what was read. Records that others need and that are not here
// are fetched first; one that can't be had is done without.
func (p *Puller) apply(ctx context.Context, s scope, c store.Remote) error {
	tried := map[string]bool{}
	for range rounds {
		applied, err := p.db.ApplyRemote(ctx, p.org, c)
		if err != nil {
			return err
		}
		if n := applied.Created + applied.Updated + applied.Deleted + applied.Restored + applied.Merged + applied.Placed; n > 0 {
			p.log.Debug("applied what changed in Salesforce", "created", applied.Created, "updated", applied.Updated, "deleted", applied.Deleted,
				"restored", applied.Restored, "merged", applied.Merged, "placed", applied.Placed, "later", applied.Later)
		}
		missing := slices.DeleteFunc(slices.Clone(applied.Missing), func(id string) bool { return tried[id] })
		if len(missing) == 0 {
			if len(applied.Missing) == 0 {
				return nil
			}
			// A Contact whose Account can't be seen has been applied all the same.
			c.Unseen = applied.Missing
			_, err := p.db.ApplyRemote(ctx, p.org, c)
			return err
		}
		for _, id := range missing {
			tried[id] = true
		}
		found, err := p.find(ctx, s, missing)
		if err != nil {
			return err
		}
		c.Records = append(c.Records, found...)
	}
	return nil
}

// find returns the records with the ids, of whichever object.
func (p *Puller) find(ctx context.Context, s scope, ids []string) ([]switchboard.RemoteRecord, error) {
	byObject := map[switchboard.Object][]string{}
	for _, id := range ids {
		if o := objectOf(id); o != "" {
			byObject[o] = append(byObject[o], id)
			continue
		}
		for _, o := range s.objects {
			if o.Custom() {
				byObject[o] = append(byObject[o], id)
			}
		}
	}
	var all []switchboard.RemoteRecord
	for _, o := range s.objects {
		if len(byObject[o]) == 0 {
			continue
		}
		found, err := p.remote.Records.Find(ctx, o, s.fields[o], byObject[o])
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// Refresh reads records anew, and applies them: after an event, or after an
// answer that says that they are not what they were. One that has gone without
// a trace counts as deleted.
func (p *Puller) Refresh(ctx context.Context, object switchboard.Object, ids []string) error {
	p.applying.Lock()
	defer p.applying.Unlock()
	s, err := p.scope(ctx)
	if err != nil {
		return err
	}
	readAt := p.now()
	if object == switchboard.SMSObject {
		rows, err := p.remote.Messages.FindMessages(ctx, ids)
		if err != nil {
			return p.noted(ctx, err)
		}
		return p.apply(ctx, s, store.Remote{ReadAt: readAt, Messages: rows})
	}
	found, err := p.remote.Records.Find(ctx, object, s.fields[object], ids)
	if err != nil {
		return p.noted(ctx, err)
	}
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(r switchboard.RemoteRecord) bool { return r.SalesforceID == id }) {
			found = append(found, switchboard.RemoteRecord{SalesforceID: id, Object: object, Deleted: true, Stamp: readAt})
		}
	}
	return p.apply(ctx, s, store.Remote{ReadAt: readAt, Records: found})
}
