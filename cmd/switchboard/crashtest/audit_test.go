package crashtest

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
)

// books is what the database says.
type books struct {
	broken        []string // what the database itself finds wrong
	nextNumber    int64
	user          string // who hears of the channel's texts
	messages      []storedMessage
	receipts      []storedReceipt
	sqlite        bool
	senders       map[string]storedSender
	notifications []storedNotification
	jobs          []string // the ids of what they are about
}

type storedMessage struct {
	id, providerID, account, direction, key, address, body, state, reason string
	record, decision                                                      sql.NullString
	number, time, seq                                                     int64
}

type storedReceipt struct{ account, providerID, message string }

type storedSender struct {
	seq, waiting, at, since      int64
	message, reason, waitingChan string
}

type storedNotification struct {
	user, key, message, state string
	count                     int64
}

// audit reads the books of an installation that nobody writes to, or that
// somebody was killed while writing to, and compares them with what the sender
// remembers. It returns what is wrong, a sentence for each thing.
func (in *installation) audit(t testing.TB, p *sender) []string {
	t.Helper()
	db := in.openBooks(t)
	defer db.Close()
	b, err := readBooks(db, in.database == "")
	if err != nil {
		t.Fatalf("read the books: %v", err)
	}
	return b.audit(p.world, p.texts)
}

// openBooks opens the database. Of SQLite's files a copy is read, so that a
// serve that is started later finds them as the last one left them.
func (in *installation) openBooks(t testing.TB) *sql.DB {
	t.Helper()
	if in.database != "" {
		db, err := sql.Open("pgx", in.database)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	dir := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(filepath.Join(in.data, "switchboard.db"+suffix))
		if errors.Is(err, os.ErrNotExist) && suffix != "" {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "copy.db"+suffix), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "copy.db"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func readBooks(db *sql.DB, sqlite bool) (*books, error) {
	b := &books{sqlite: sqlite, senders: map[string]storedSender{}}
	var errs []error
	read := func(query string, scan func(*sql.Rows) error) {
		rows, err := db.Query(query)
		if err != nil {
			errs = append(errs, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				errs = append(errs, err)
				return
			}
		}
		errs = append(errs, rows.Err())
	}
	if sqlite {
		read("PRAGMA integrity_check", func(r *sql.Rows) error {
			var s string
			err := r.Scan(&s)
			if s != "ok" {
				b.broken = append(b.broken, s)
			}
			return err
		})
	}
	read("SELECT next_number FROM org", func(r *sql.Rows) error { return r.Scan(&b.nextNumber) })
	read("SELECT authenticated_by FROM channel", func(r *sql.Rows) error { return r.Scan(&b.user) })
	read(`SELECT id, provider_message_id, account, direction, sender_key, sender, body, state, reason, record_id, decision, number, message_time, seq FROM message`,
		func(r *sql.Rows) error {
			var m storedMessage
			err := r.Scan(&m.id, &m.providerID, &m.account, &m.direction, &m.key, &m.address, &m.body, &m.state, &m.reason, &m.record, &m.decision, &m.number, &m.time, &m.seq)
			b.messages = append(b.messages, m)
			return err
		})
	read("SELECT account, provider_message_id, message_id FROM receipt", func(r *sql.Rows) error {
		var x storedReceipt
		err := r.Scan(&x.account, &x.providerID, &x.message)
		b.receipts = append(b.receipts, x)
		return err
	})
	read("SELECT match_key, seq, waiting, waiting_at, waiting_since, waiting_message_id, waiting_reason, waiting_channel FROM sender", func(r *sql.Rows) error {
		var key string
		var s storedSender
		err := r.Scan(&key, &s.seq, &s.waiting, &s.at, &s.since, &s.message, &s.reason, &s.waitingChan)
		b.senders[key] = s
		return err
	})
	read("SELECT user_id, match_key, message_id, state, count FROM notification", func(r *sql.Rows) error {
		var n storedNotification
		err := r.Scan(&n.user, &n.key, &n.message, &n.state, &n.count)
		b.notifications = append(b.notifications, n)
		return err
	})
	read("SELECT subject_id FROM outbox", func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		b.jobs = append(b.jobs, id)
		return err
	})
	return b, errors.Join(errs...)
}

// findings collects what is wrong.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func (b *books) audit(w *world, texts map[string]*text) []string {
	var f findings
	for _, s := range b.broken {
		f.add("the database is damaged: %s", s)
	}
	b.auditTexts(&f, w, texts)
	b.auditReceipts(&f)
	b.auditOrder(&f)
	b.auditWaiting(&f)
	return f
}

// auditTexts compares the messages with what was sent: what was acknowledged is
// there once, and nothing is there that nobody sent.
func (b *books) auditTexts(f *findings, w *world, texts map[string]*text) {
	found := map[string]int{}
	for _, m := range b.messages {
		found[m.providerID]++
		x := texts[m.providerID]
		switch {
		case x == nil:
			f.add("invented: message %s has id %q, which nobody sent", m.id, m.providerID)
			continue
		case m.body != x.body || m.address != x.from:
			f.add("altered: text %s is stored as %q from %s", x.id, m.body, m.address)
		}
		b.auditDecision(f, m, w.reason(x.from), w.records[x.from])
	}
	for id, x := range texts {
		switch n := found[id]; {
		case n > 1:
			f.add("doubled: text %s is there %d times", id, n)
		case n == 0 && x.acked:
			f.add("lost: text %s was acknowledged and is not there", id)
		}
	}
}

// auditDecision looks for what the rule must have said of a message.
func (b *books) auditDecision(f *findings, m storedMessage, reason string, records []string) {
	if !m.decision.Valid {
		f.add("undecided: message %s", m.id)
		return
	}
	var d struct {
		Reason     string               `json:"r"`
		Record     *struct{ ID string } `json:"rec"`
		Candidates []json.RawMessage    `json:"c"`
	}
	if err := json.Unmarshal([]byte(m.decision.String), &d); err != nil {
		f.add("undecided: message %s: %v", m.id, err)
		return
	}
	if m.reason != reason || d.Reason != reason || len(d.Candidates) != len(records) {
		f.add("misjudged: message %s says %s, its decision %s with %d candidates; it should be %s with %d", m.id, m.reason, d.Reason, len(d.Candidates), reason, len(records))
		return
	}
	if reason != "only_match" {
		if m.state != "unassigned" || m.record.Valid || d.Record != nil {
			f.add("misplaced: message %s is %s on %v", m.id, m.state, m.record)
		}
		return
	}
	if m.state != "assigned" || m.record.String != records[0] || d.Record == nil || d.Record.ID != records[0] {
		f.add("misplaced: message %s is %s on %v, not on %s", m.id, m.state, m.record, records[0])
	}
}

// auditReceipts wants exactly one receipt for each message.
func (b *books) auditReceipts(f *findings) {
	of := map[storedReceipt]int{}
	for _, r := range b.receipts {
		of[r]++
	}
	for _, m := range b.messages {
		r := storedReceipt{m.account, m.providerID, m.id}
		if of[r] != 1 {
			f.add("no receipt: message %s", m.id)
		}
		delete(of, r)
	}
	for r := range of {
		f.add("no message: receipt of %s names %s", r.providerID, r.message)
	}
}

// auditOrder wants numbers that no two messages share.
func (b *books) auditOrder(f *findings) {
	numbers := map[int64]string{}
	type place struct {
		key string
		seq int64
	}
	places := map[place]string{}
	for _, m := range b.messages {
		if other, ok := numbers[m.number]; ok {
			f.add("same number: messages %s and %s", m.id, other)
		}
		numbers[m.number] = m.id
		if m.number >= b.nextNumber {
			f.add("number ahead: message %s has %d, and the next is to be %d", m.id, m.number, b.nextNumber)
		}
		p := place{m.key, m.seq}
		if other, ok := places[p]; ok {
			f.add("same place: messages %s and %s of one sender have sequence number %d", m.id, other, m.seq)
		}
		places[p] = m.id
		s, ok := b.senders[m.key]
		switch {
		case b.sqlite && m.seq != m.number: // SQLite counts a sender's messages by their numbers
			f.add("place ahead: message %s has sequence number %d and number %d", m.id, m.seq, m.number)
		case !b.sqlite && (!ok || m.seq > s.seq):
			f.add("place ahead: message %s has sequence number %d, its sender is at %d", m.id, m.seq, s.seq)
		}
	}
}

// auditWaiting sums up anew what waits, and compares the queue and the bells.
func (b *books) auditWaiting(f *findings) {
	waiting := map[string][]storedMessage{}
	for _, m := range b.messages {
		if m.state == "unassigned" && m.direction == "inbound" {
			waiting[m.key] = append(waiting[m.key], m)
		}
	}
	bells := map[string][]storedNotification{}
	for _, n := range b.notifications {
		if n.state != "cleared" {
			bells[n.key] = append(bells[n.key], n)
		}
	}
	for key, s := range b.senders {
		list := waiting[key]
		slices.SortFunc(list, func(a, c storedMessage) int { return cmp.Or(cmp.Compare(a.time, c.time), cmp.Compare(a.seq, c.seq)) })
		n := int64(len(list))
		want := storedSender{seq: s.seq, waitingChan: s.waitingChan}
		var newest storedMessage
		if n > 0 {
			newest = list[n-1]
			want.waiting, want.at, want.since, want.message, want.reason = n, newest.time, list[0].time, newest.id, newest.reason
		}
		if s != want {
			f.add("queue: sender %s stands there with %+v, its messages say %+v", key, s, want)
		}
		switch open := bells[key]; {
		case n == 0 && len(open) > 0:
			f.add("bell: %s rings for nothing", key)
		case n > 0 && len(open) != 1:
			f.add("bell: %s has %d texts waiting and %d open notifications", key, n, len(open))
		case n > 0 && (open[0].count != n || open[0].message != newest.id || open[0].user != b.user):
			f.add("bell: %s rings as %+v for %d texts, the newest of them %s", key, open[0], n, newest.id)
		}
		delete(waiting, key)
		delete(bells, key)
	}
	for key := range waiting {
		f.add("queue: %s waits without a sender", key)
	}
	for key := range bells {
		f.add("bell: %s rings without a sender", key)
	}
	known := map[string]bool{}
	for _, m := range b.messages {
		known[m.id] = true
	}
	for _, id := range b.jobs {
		if !known[id] {
			f.add("job: one is about %s, which is not there", id)
		}
	}
}

// clean fails t with each finding.
func clean(t testing.TB, when string, found []string) {
	t.Helper()
	const most = 20
	for i, s := range found {
		if i == most {
			t.Errorf("%s: and %d more", when, len(found)-most)
			return
		}
		t.Errorf("%s: %s", when, s)
	}
}
