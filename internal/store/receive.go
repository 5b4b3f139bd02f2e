package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
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
	var results []Received
	numbers, err := db.takeNumbers(ctx, org, countTexts(batch))
	if err != nil {
		return nil, err
	}
	err = db.inRecordTx(ctx, func(t *tx) error {
		r := receiver{tx: t, org: org, results: make([]Received, len(batch)), numbers: numbers}
		if err := r.receive(batch); err != nil {
			return err
		}
		results = r.results
		return nil
	})
	return results, err
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
	consents   []consent
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

type receiptKey struct{ provider, account, id string }

// receiptOf is what became of an outbound message.
type receiptOf struct {
	key    receiptKey
	status switchboard.DeliveryStatus
}

// consent is a wish that came in an event of its own, after so many texts of
// the batch.
type consent struct {
	after  int
	sender switchboard.Sender
	optOut bool
	at     time.Time
}

func (r *receiver) receive(batch []Delivery) error {
	var err error
	if r.snap, err = r.snapshot(r.org); err != nil {
		return err
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

// admit checks one delivery against the settings and normalises its texts.
func (r *receiver) admit(i int, d *Delivery) error {
	c := r.snap.channel(d.ChannelID)
	if c == nil {
		return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s. It may have been removed.", d.ChannelID)
	}
	if d.SettingsVersion != 0 && d.SettingsVersion != r.snap.settings.Version {
		return switchboard.Errorf(switchboard.CodeStale, "The settings changed while the message was on its way. It is verified again.")
	}
	received := d.ReceivedAt.UTC().Truncate(time.Microsecond)
	if received.IsZero() {
		received = r.now
	}
	slot := 0
	for _, e := range d.Events {
		switch {
		case e.Text != nil:
			a := &arriving{text: e.Text, channel: c, delivery: i, slot: slot, at: received}
			slot++
			if err := r.compose(a); err != nil {
				return err
			}
			r.texts = append(r.texts, a)
		case e.Consent != nil:
			at := e.Consent.At
			if at.IsZero() || at.After(received) {
				at = received
			}
			r.consents = append(r.consents, consent{len(r.texts), switchboard.ParseSender(e.Consent.Sender, c.Region), e.Consent.OptOut, at})
		case e.Delivery != nil:
			key := receiptKey{c.Provider, e.Delivery.Account, e.Delivery.ProviderMessageID}
			if key.account == "" {
				key.account = c.ID
			}
			r.deliveries = append(r.deliveries, receiptOf{key, e.Delivery.Status})
		}
	}
	r.results[i].Messages = make([]ReceivedMessage, slot)
	return nil
}

// compose makes the message of a text, all but what the database has to say.
func (r *receiver) compose(a *arriving) error {
	x := a.text
	m := &a.message
	m.Direction = x.Direction
	if m.Direction == "" {
		m.Direction = switchboard.Inbound
	}
	m.ChannelID = a.channel.ID
	m.Sender = switchboard.ParseSender(x.Sender, a.channel.Region)
	m.Ours = r.ourNumber(a.channel, x.Ours)
	body, repaired := switchboard.Repair(x.Body)
	m.Body = body
	if repaired && x.Raw == nil {
		x.Raw = []byte(x.Body)
	}
	if x.Raw != nil {
		m.Flags = append(m.Flags, switchboard.FlagRepaired)
	}
	m.Media = x.Media
	m.ReceivedAt = a.at
	m.SentAt = x.SentAt.UTC().Truncate(time.Microsecond)
	if x.SentAt.Year() < 2000 { // missing, or a clock that was never set
		m.SentAt = time.Time{}
	}
	m.Time = switchboard.MessageTime(m.SentAt, m.ReceivedAt)
	m.ProviderMessageID, _ = switchboard.Repair(x.ProviderMessageID)
	account := x.Account
	if account == "" {
		account = a.channel.ID
	}
	a.key = receiptKey{a.channel.Provider, account, m.ProviderMessageID}
	m.ID = r.newID()
	m.Version = 1
	if x.RecordID != "" {
		ref, err := r.liveRecord(r.org, x.RecordID, "")
		if err != nil {
			return err
		}
		a.logged = &ref
	}
	return nil
}

// ourNumber returns our side as the channel knows it; "" stands for its first.
func (r *receiver) ourNumber(c *switchboard.Channel, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		if len(c.Numbers) > 0 {
			return c.Numbers[0].Number
		}
		return ""
	}
	for _, n := range c.Numbers {
		if n.Number == s {
			return s
		}
	}
	return switchboard.ParseSender(s, c.Region).Address
}

// dedupe claims each text's receipt. A text whose receipt is taken is known: by
// an earlier one of this batch, or by a stored message.
func (r *receiver) dedupe() error {
	first := make(map[receiptKey]*arriving, len(r.texts))
	args := make([]any, 0, len(r.texts)*5)
	claimed := make([]*arriving, 0, len(r.texts))
	for _, a := range r.texts {
		if same := first[a.key]; same != nil {
			a.sameAs = same
			r.again = append(r.again, a)
			continue
		}
		first[a.key] = a
		claimed = append(claimed, a)
	}
	// Rows of several writers have to come in one order.
	slices.SortFunc(claimed, func(a, b *arriving) int { return a.key.compare(b.key) })
	for _, a := range claimed {
		args = append(args, r.org, a.key.provider, a.key.account, a.key.id, a.message.ID)
	}
	if err := r.insert("receipt", "(org_id, provider, account, provider_message_id, message_id)", "ON CONFLICT DO NOTHING", 5, args); err != nil {
		return err
	}
	return r.findKnown(claimed)
}

func (k receiptKey) compare(o receiptKey) int {
	if c := strings.Compare(k.provider, o.provider); c != 0 {
		return c
	}
	if c := strings.Compare(k.account, o.account); c != 0 {
		return c
	}
	return strings.Compare(k.id, o.id)
}

// findKnown compares the receipts with the ids we tried to give them.
func (r *receiver) findKnown(claimed []*arriving) error {
	byAccount := map[receiptKey]map[string]*arriving{}
	for _, a := range claimed {
		k := receiptKey{a.key.provider, a.key.account, ""}
		if byAccount[k] == nil {
			byAccount[k] = map[string]*arriving{}
		}
		byAccount[k][a.key.id] = a
	}
	for k, texts := range byAccount {
		ids := make([]string, 0, len(texts))
		for id := range texts {
			ids = append(ids, id)
		}
		err := r.each(func(rows *sql.Rows) error {
			var id, message string
			if err := rows.Scan(&id, &message); err != nil {
				return err
			}
			if a := texts[id]; a != nil && a.message.ID != message {
				a.known, a.message.ID = true, message
				r.again = append(r.again, a)
			}
			return nil
		}, "SELECT provider_message_id, message_id FROM receipt WHERE org_id = $1 AND provider = $2 AND account = $3 AND "+r.in("provider_message_id", "$4"),
			r.org, k.provider, k.account, r.list(ids))
		if err != nil {
			return err
		}
	}
	return nil
}

// flagReused marks stored messages whose id came again with another text: the
// first is kept, a person should know.
func (r *receiver) flagReused() error {
	slices.SortFunc(r.again, func(a, b *arriving) int { return strings.Compare(a.stored().message.ID, b.stored().message.ID) })
	for _, a := range r.again {
		id := a.stored().message.ID
		var body, flags string
		err := r.one("SELECT body, flags FROM message WHERE org_id = $1 AND id = $2", []any{r.org, id}, &body, &flags)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the message was deleted; its receipt outlives it
		}
		if err != nil {
			return err
		}
		if body == a.message.Body || strings.Contains(flags, string(switchboard.FlagIDReused)) {
			continue
		}
		if err := r.exec("UPDATE message SET flags = $3 WHERE org_id = $1 AND id = $2", r.org, id, addFlag(flags, switchboard.FlagIDReused)); err != nil {
			return err
		}
	}
	return nil
}

func addFlag(flags string, f switchboard.Flag) string {
	if flags == "" {
		return string(f)
	}
	return flags + "," + string(f)
}

// fresh returns the texts that are to become messages.
func (r *receiver) fresh(yield func(*arriving) bool) {
	for _, a := range r.texts {
		if !a.known && a.sameAs == nil && !yield(a) {
			return
		}
	}
}

// lock takes the senders of everything fresh, and hands out their sequence numbers.
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
	for a := range r.fresh {
		k := a.message.Sender.Key
		a.message.Seq = r.senders[k].seq - take[k] + 1
		take[k]--
	}
	return nil
}

// holdLogged keeps the records that outbound messages were logged with from
// being deleted until the transaction ends. The senders come first, as everywhere.
func (r *receiver) holdLogged() error {
	for a := range r.fresh {
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

// consented applies the wishes that came before the text with this index.
func (r *receiver) consented(text int) {
	for len(r.consents) > 0 && r.consents[0].after <= text {
		c := r.consents[0]
		r.consents = r.consents[1:]
		r.wish(c.sender.Key, c.optOut, c.at)
	}
}

// wish marks a sender opted out or in. An older wish never overrules a newer one.
func (r *receiver) wish(key switchboard.MatchKey, optOut bool, at time.Time) {
	h := r.senders[key]
	if micros(at) < h.consentAt {
		return
	}
	h.optedOut, h.consentAt = optOut, micros(at)
	r.wished[key] = h
}

func (r *receiver) writeConsent() error {
	r.consented(len(r.texts))
	for _, key := range slices.Sorted(maps.Keys(r.wished)) {
		h := r.wished[key]
		err := r.exec("UPDATE sender SET opted_out = $3, consent_at = $4 WHERE org_id = $1 AND match_key = $2", r.org, string(key), h.optedOut, h.consentAt)
		if err != nil {
			return err
		}
	}
	return nil
}

// decide runs the rule on each fresh text, in order, and writes them. What one
// decided is history for the next.
func (r *receiver) decide() error {
	r.waiting, r.wished = unsettled{}, map[switchboard.MatchKey]*heard{}
	var keys []string
	fresh := 0
	for a := range r.fresh {
		fresh++
		k := string(a.message.Sender.Key)
		if !slices.Contains(keys, k) || len(keys) > 64 { // a repeated key costs less than finding it in a long list
			keys = append(keys, k)
		}
	}
	if fresh == 0 {
		return nil
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	var err error
	if r.candidates, err = r.tx.candidates(r.org, keys); err != nil {
		return err
	}
	if r.numbers == 0 {
		if r.numbers, err = r.advanceNumber(r.org, int64(fresh)); err != nil {
			return err
		}
	}
	for i, a := range r.texts {
		r.consented(i)
		if a.known || a.sameAs != nil {
			continue
		}
		if a.message.Direction == switchboard.Outbound {
			r.decideOutbound(a)
		} else if err := r.decideInbound(a); err != nil {
			return err
		}
		if a.message.Record != nil {
			r.remember(&a.message)
		}
		r.decided = append(r.decided, a)
		if d := a.message.Decision; d != nil && d.Outcome == switchboard.OutcomeCreated {
			if err := r.placeWaiting(a); err != nil {
				return err
			}
		}
	}
	return r.write()
}

// placeWaiting decides the sender's waiting messages again, because a record
// has just been made for it. Creation may have been off, or the sender opted
// out, when those came.
func (r *receiver) placeWaiting(a *arriving) error {
	key := a.message.Sender.Key
	if _, now := r.waiting[key]; !now && !r.senders[key].waiting {
		return nil
	}
	if err := r.write(); err != nil {
		return err
	}
	change := switchboard.Change{Kind: switchboard.RecordCreated, Record: *a.message.Record}
	if _, err := r.decideAgain(r.org, r.snap, key, change); err != nil {
		return err
	}
	r.waiting.add(key)
	found, err := r.tx.candidates(r.org, []string{string(key)})
	r.candidates[key] = found[key]
	return err
}

func (r *receiver) decideInbound(a *arriving) error {
	m := &a.message
	h := r.senders[m.Sender.Key]
	if wish := switchboard.KeywordWish(m.Body); wish != switchboard.NoWish {
		r.wish(m.Sender.Key, wish == switchboard.WishOptOut, m.Time)
	}
	unknown := r.snap.settings.UnknownNumbers
	d := switchboard.Route(switchboard.Facts{
		Sender:          m.Sender,
		Blocked:         h.blocked,
		Candidates:      r.candidates[m.Sender.Key],
		Create:          unknown.MayCreate(m.Sender, h.blocked, h.optedOut),
		SettingsVersion: r.snap.settings.Version,
	})
	if d.Outcome == switchboard.OutcomeCreated {
		record, err := r.createForUnknown(a, unknown)
		if err != nil {
			return err
		}
		d.Record = &record
	}
	if d.Outcome == switchboard.OutcomeUnassigned {
		r.waiting.ring(m.Sender.Key, m.ChannelID)
	}
	m.Decision, m.Record, m.State = &d, d.Record, d.State()
	return nil
}

// decideOutbound places a message that was sent elsewhere: on the record it was
// logged with, else where the rule puts it, else nowhere. It never waits.
func (r *receiver) decideOutbound(a *arriving) {
	m := &a.message
	m.State = switchboard.Dismissed
	if a.logged != nil {
		m.Record, m.State = a.logged, switchboard.Assigned
		return
	}
	d := switchboard.Route(switchboard.Facts{Sender: m.Sender, Candidates: r.candidates[m.Sender.Key], SettingsVersion: r.snap.settings.Version})
	if d.Record != nil {
		m.Record, m.State = d.Record, switchboard.Assigned
	}
}

// remember makes a message that was just placed history for the next ones.
func (r *receiver) remember(m *switchboard.Message) {
	moment := switchboard.Moment{At: m.Time, Seq: m.Seq}
	candidates := r.candidates[m.Sender.Key]
	for i := range candidates {
		if c := &candidates[i]; c.Record.ID == m.Record.ID && moment.Compare(c.Last) > 0 {
			c.Last = moment
		}
	}
}

// write adds the messages that are decided.
func (r *receiver) write() error {
	args := make([]any, 0, len(r.decided)*messageColumns)
	for _, a := range r.decided {
		a.message.Number = r.numbers
		r.numbers++
		var err error
		if args, err = r.appendMessage(args, a); err != nil {
			return err
		}
	}
	if err := r.insert("message", messageInsert, "", messageColumns, args); err != nil {
		return err
	}
	if err := r.findNumbers(r.decided); err != nil {
		return err
	}
	for _, a := range r.decided {
		if a.logged != nil {
			if err := r.keepSender(r.org, a.logged.ID, a.message.Sender.Key); err != nil {
				return err
			}
		}
	}
	r.decided = r.decided[:0]
	return nil
}

const messageInsert = `(org_id, id, number, direction, channel_id, account, provider_message_id, sender_key, sender_kind, sender, ours, body, raw, media,
	sent_at, received_at, message_time, seq, state, record_id, reason, rule_reason, rule_record_id, decision, decided_at, placement_id, version, flags, delivery, twin, twin_joined)`

const messageColumns = 31

func (r *receiver) appendMessage(args []any, a *arriving) ([]any, error) {
	m := &a.message
	var media, record, decision any
	var reason, ruleRecord string
	if len(m.Media) > 0 {
		b, err := json.Marshal(m.Media)
		if err != nil {
			return nil, err
		}
		media = string(b)
	}
	if m.Record != nil {
		record = m.Record.ID
	}
	if m.Decision != nil {
		s, err := encodeDecision(*m.Decision)
		if err != nil {
			return nil, err
		}
		decision, reason = s, string(m.Decision.Reason)
		if m.Record != nil {
			ruleRecord = m.Record.ID
		}
	}
	var raw any
	if a.text.Raw != nil {
		raw = a.text.Raw
	}
	return append(args, r.org, m.ID, m.Number, string(m.Direction), m.ChannelID, a.key.account, m.ProviderMessageID,
		string(m.Sender.Key), string(m.Sender.Kind), m.Sender.Address, m.Ours, m.Body, raw, media,
		micros(m.SentAt), micros(m.ReceivedAt), micros(m.Time), m.Seq, string(m.State), record, reason, reason, ruleRecord, decision,
		micros(r.now), "", m.Version, joinFlags(m.Flags), "", a.text.Twin, a.joined), nil
}

func joinFlags(flags []switchboard.Flag) string {
	s := ""
	for _, f := range flags {
		s = addFlag(s, f)
	}
	return s
}

// findNumbers adds the numbers of ours that the texts named and the channel did not know.
func (r *receiver) findNumbers(fresh []*arriving) error {
	seen := map[[2]string]bool{}
	for _, a := range fresh {
		ours := a.message.Ours
		known := ours == "" || slices.ContainsFunc(a.channel.Numbers, func(n switchboard.ChannelNumber) bool { return n.Number == ours })
		if k := [2]string{a.channel.ID, ours}; !known && !seen[k] {
			seen[k] = true
			if err := r.findNumber(r.org, a.channel, ours); err != nil {
				return err
			}
		}
	}
	return nil
}

// noteDeliveries writes down what became of messages that went out.
func (r *receiver) noteDeliveries() error {
	for _, d := range r.deliveries {
		var id string
		err := r.one("SELECT message_id FROM receipt WHERE org_id = $1 AND provider = $2 AND account = $3 AND provider_message_id = $4",
			[]any{r.org, d.key.provider, d.key.account, d.key.id}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			continue // sent elsewhere, and never reported as sent
		}
		if err != nil {
			return err
		}
		if err := r.exec("UPDATE message SET delivery = $3 WHERE org_id = $1 AND id = $2 AND direction = 'outbound'", r.org, id, string(d.status)); err != nil {
			return err
		}
	}
	return nil
}
