package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Delivery is what one request brought for one channel. It is committed as a
// whole or not at all.
type Delivery struct {
	ChannelID string
	// SettingsVersion is the one under which the sender of the request was
	// verified; 0 if nothing was verified against settings.
	SettingsVersion int64
	ReceivedAt      time.Time
	Events          []switchboard.Event
}

// Received says what became of a delivery.
type Received struct {
	Messages []ReceivedMessage // one for each text, in order
	Err      error             // a coded error: nothing of this delivery was stored
}

// ReceivedMessage is the message that a text became.
type ReceivedMessage struct {
	ID     string
	New    bool               // false: it was known, or joined its twin
	Reason switchboard.Reason // why the rule did what it did with a new inbound one
}

// Receive stores deliveries for one org in one transaction: each text with its
// decision, history, notification and jobs. When it returns nil, everything is
// committed, but for the deliveries whose Err is set. Deliveries are decided in
// order. An error means that nothing was stored.
func (db *DB) Receive(ctx context.Context, org string, batch []Delivery) ([]Received, error) {
	results, durable, err := db.ReceiveAhead(ctx, org, batch)
	if err != nil {
		return nil, err
	}
	return results, durable()
}

// ReceiveAhead is Receive that returns before the commit is on the disk, so that
// the next one can begin. Nobody may be told of the results before durable has
// returned nil; if it fails, nobody knows whether they were stored.
func (db *DB) ReceiveAhead(ctx context.Context, org string, batch []Delivery) (results []Received, durable func() error, err error) {
	numbers, err := db.takeNumbers(ctx, org, countTexts(batch))
	if err != nil {
		return nil, nil, err
	}
	durable, err = db.commitRecord(ctx, func(t *tx) error {
		r := receiver{tx: t, org: org, results: make([]Received, len(batch)), numbers: numbers}
		if err := r.receive(batch); err != nil {
			return err
		}
		results = r.results
		return nil
	})
	return results, durable, err
}

func countTexts(batch []Delivery) int64 {
	var n int64
	for _, d := range batch {
		for _, e := range d.Events {
			if e.Text != nil {
				n++
			}
		}
	}
	return n
}

// takeNumbers reserves n message numbers before the transaction on PostgreSQL,
// where nodes would otherwise wait for each other's commits at the org's row.
// The reservation is not flushed by itself: the commit that uses the numbers
// comes later in the log and takes it along. It returns 0 on SQLite, where the
// transaction takes them itself, without gaps.
func (db *DB) takeNumbers(ctx context.Context, org string, n int64) (next int64, err error) {
	if db.writer != nil || n == 0 {
		return 0, nil
	}
	err = db.inTx(ctx, func(t *tx) error {
		if err := t.exec("SET LOCAL synchronous_commit = off"); err != nil {
			return err
		}
		next, err = t.advanceNumber(org, n)
		return err
	})
	return next, err
}

func (t *tx) advanceNumber(org string, n int64) (next int64, err error) {
	err = t.one("UPDATE org SET next_number = next_number + $2 WHERE id = $1 RETURNING next_number - $2", []any{org, n}, &next)
	if errors.Is(err, sql.ErrNoRows) {
		err = switchboard.Errorf(switchboard.CodeNotFound, "There is no such organization.")
	}
	return next, err
}

// receiver is one run of Receive in its transaction.
type receiver struct {
	*tx
	org     string
	results []Received
	numbers int64 // the next message number; 0: not taken yet
	snap    *snapshot

	texts      []*arriving
	consents   []*consent
	deliveries []receiptOf
	again      []*arriving // texts whose id was known
	senders    map[switchboard.MatchKey]*heard
	wished     map[switchboard.MatchKey]*heard // senders whose consent has changed
	candidates map[switchboard.MatchKey][]switchboard.Candidate
	decided    []*arriving // but not written yet
	waiting    unsettled   // senders of texts that the rule left to a person
}

// arriving is one text on its way into the store.
type arriving struct {
	text     *switchboard.Text
	channel  *switchboard.Channel
	delivery int // index in the batch
	slot     int // index in its Received.Messages
	at       time.Time
	message  switchboard.Message
	key      receiptKey
	sameAs   *arriving              // a text of this batch that it repeats or joins
	known    bool                   // it is stored already, or joined its twin: message.ID is that one's
	joined   bool                   // a twin joined it
	logged   *switchboard.RecordRef // the record that an outbound message was logged with
}

// stored returns the text of this batch whose message a became.
func (a *arriving) stored() *arriving {
	for a.sameAs != nil {
		a = a.sameAs
	}
	return a
}

func (r *receiver) receive(batch []Delivery) error {
	var err error
	if r.snap, err = r.snapshot(r.org); err != nil {
		return err
	}
	if r.snap.settings.UnknownNumbers.Enabled { // records may be made
		if r.snap, err = r.heldSnapshot(r.org); err != nil {
			return err
		}
	}
	for i := range batch {
		texts, consents, deliveries := len(r.texts), len(r.consents), len(r.deliveries)
		err := r.admit(i, &batch[i])
		if switchboard.ErrorCode(err) == switchboard.CodeInternal {
			return err // the database's, not the delivery's
		}
		if err != nil {
			r.results[i] = Received{Err: err}
			r.texts, r.consents, r.deliveries = r.texts[:texts], r.consents[:consents], r.deliveries[:deliveries]
		}
	}
	if err := r.dedupe(); err != nil {
		return err
	}
	if err := r.lock(); err != nil {
		return err
	}
	if err := r.holdLogged(); err != nil {
		return err
	}
	if err := r.joinTwins(); err != nil {
		return err
	}
	if err := r.decide(); err != nil {
		return err
	}
	if err := r.writeConsent(); err != nil {
		return err
	}
	if err := r.settle(r.org, r.snap, r.waiting); err != nil {
		return err
	}
	// These touch messages of senders that are not locked here. Whoever holds
	// one of those messages waits for nothing that is held here, so they come last.
	if err := r.flagReused(); err != nil {
		return err
	}
	if err := r.noteDeliveries(); err != nil {
		return err
	}
	for _, a := range r.texts {
		m := ReceivedMessage{ID: a.stored().message.ID, New: !a.known && a.sameAs == nil}
		if m.New && a.message.Decision != nil {
			m.Reason = a.message.Decision.Reason
		}
		r.results[a.delivery].Messages[a.slot] = m
	}
	return nil
}

// fresh returns the texts that are to become messages.
func (r *receiver) fresh(yield func(*arriving) bool) {
	for _, a := range r.texts {
		if !a.known && a.sameAs == nil && !yield(a) {
			return
		}
	}
}

// lock takes the senders of everything fresh, and hands out their sequence
// numbers on PostgreSQL. On SQLite decide does, with the message numbers.
func (r *receiver) lock() error {
	senders := map[switchboard.MatchKey]switchboard.Sender{}
	take := map[switchboard.MatchKey]int64{}
	for a := range r.fresh {
		senders[a.message.Sender.Key] = a.message.Sender
		take[a.message.Sender.Key]++
	}
	for _, c := range r.consents {
		if _, ok := senders[c.sender.Key]; !ok {
			senders[c.sender.Key] = c.sender
		}
	}
	var err error
	if r.senders, err = r.lockSenders(r.org, senders, take); err != nil {
		return err
	}
	if r.db.writer != nil {
		return nil
	}
	for a := range r.fresh {
		k := a.message.Sender.Key
		a.message.Seq = r.senders[k].seq - take[k] + 1
		take[k]--
	}
	return nil
}

// holdLogged keeps the records that outbound messages were logged with from
// being deleted until the transaction ends, those of repeated ones too: whether
// their delivery is taken depends on it. The senders come first, as everywhere.
func (r *receiver) holdLogged() error {
	for _, a := range r.texts {
		if a.logged == nil {
			continue
		}
		_, err := r.liveRecord(r.org, a.logged.ID, r.db.dialect.forShare)
		if switchboard.ErrorCode(err) == switchboard.CodeRecordDeleted {
			return errAgain // it was not when the delivery was admitted
		}
		if err != nil {
			return err
		}
	}
	return nil
}
