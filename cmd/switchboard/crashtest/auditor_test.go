package crashtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// An auditor that finds nothing proves nothing, unless it finds what is there:
// each of these does by hand what a crash might have done.
func TestTheAuditorBites(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	w := populate(t, in, s)
	p := newSender(w, in, 2)
	p.to(s)
	for range 400 {
		p.one(t.Context())
	}
	s.stop(t)
	p.check(t)
	clean(t, "before anything is done", in.audit(t, p))

	const (
		one     = "(SELECT MIN(id) FROM message)"
		waiting = "(SELECT MIN(id) FROM message WHERE state = 'unassigned')"
		placed  = "(SELECT MIN(id) FROM message WHERE state = 'assigned')"
	)
	for _, tc := range []struct{ name, sql, want string }{
		{"a message is gone", "DELETE FROM message WHERE id = " + one, "lost: "},
		{"a message is gone, and its receipt", "DELETE FROM receipt WHERE message_id = " + one + "; DELETE FROM message WHERE id = " + one, "lost: "},
		{"a receipt is gone", "DELETE FROM receipt WHERE message_id = " + one, "no receipt: "},
		{"a receipt came without its message", "INSERT INTO receipt SELECT org_id, provider, account, 'x', 'x' FROM receipt LIMIT 1", "no message: "},
		{"a message is there twice", `CREATE TEMP TABLE twin AS SELECT * FROM message WHERE id = ` + one + `;
			UPDATE twin SET id = 'twin', number = (SELECT MAX(number) + 1 FROM message), seq = seq + 1000; INSERT INTO message SELECT * FROM twin`, "doubled: "},
		{"a message that nobody sent", "UPDATE message SET provider_message_id = 'x' WHERE id = " + one, "invented: "},
		{"a text was cut", "UPDATE message SET body = substr(body, 1, 5) WHERE id = " + one, "altered: "},
		{"a message has no decision", "UPDATE message SET decision = NULL WHERE id = " + one, "undecided: "},
		{"a decision was half written", "UPDATE message SET decision = substr(decision, 1, 20) WHERE id = " + one, "undecided: "},
		{"a reason is not its decision's", "UPDATE message SET reason = 'ambiguous' WHERE id = " + placed, "misjudged: "},
		{"a message lies on another's record", "UPDATE message SET record_id = 'x' WHERE id = " + placed, "misplaced: "},
		{"a message waits that was placed", "UPDATE message SET state = 'unassigned' WHERE id = " + placed, "misplaced: "},
		{"two messages have one number", "UPDATE message SET number = (SELECT MIN(number) FROM message)", "same number: "},
		{"a number will be given out again", "UPDATE org SET next_number = next_number - 1", "number ahead: "},
		{"two messages have one place", "UPDATE message SET seq = 1", "same place: "},
		{"a place will be given out again", "UPDATE message SET seq = seq + 1000 WHERE id = " + one, "place ahead: "},
		{"the queue counts one too few", "UPDATE sender SET waiting = waiting - 1 WHERE waiting > 0", "queue: "},
		{"the queue shows another text", "UPDATE sender SET waiting_message_id = 'x' WHERE waiting > 0", "queue: "},
		{"a sender is gone", "DELETE FROM sender WHERE waiting > 0", "queue: "},
		{"a bell counts one too many", "UPDATE notification SET count = count + 1", "bell: "},
		{"a bell was not rung", "DELETE FROM notification", "bell: "},
		{"a bell is cleared too early", "UPDATE notification SET state = 'cleared'", "bell: "},
		{"a bell opens another text", "UPDATE notification SET message_id = " + waiting + " WHERE message_id <> " + waiting, "bell: "},
		{"a bell rings elsewhere", "UPDATE notification SET user_id = 'x'", "bell: "},
		{"a job is about nothing", "INSERT INTO outbox VALUES ((SELECT id FROM org), 'x', 'x', 'x', 'nothing', 0, 0, 0, '', FALSE, '', 0)", "job: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			db := in.openBooks(t)
			defer db.Close()
			db.SetMaxOpenConns(1) // a temporary table is its connection's
			if _, err := db.Exec(tc.sql); err != nil {
				t.Fatal(err)
			}
			b, err := readBooks(db, true)
			if err != nil {
				t.Fatal(err)
			}
			found := b.audit(w, p.texts)
			for _, f := range found {
				if strings.HasPrefix(f, tc.want) {
					return
				}
			}
			t.Errorf("found %q, want something with %q", found, tc.want)
		})
	}
}

// A service that acknowledges before it commits is the mistake that all of this
// is about. One that does is put between provider and service; it must be found
// out.
func TestTheAuditorFindsOutWhoAcknowledgesBeforeTheCommit(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	w := populate(t, in, s)
	s.stop(t)

	s = in.serve(t, "SWITCHBOARD_FAULT=before-commit:15")
	target := s.url
	var passing sync.WaitGroup
	ahead := make(chan struct{}, 200) // so hasty, and no more
	hasty := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, target+r.URL.Path, bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		out.Header = r.Header
		ahead <- struct{}{}
		passing.Go(func() {
			defer func() { <-ahead }()
			if answer, err := http.DefaultClient.Do(out); err == nil {
				answer.Body.Close()
			}
		})
	}))
	defer hasty.Close()
	p := newSender(w, in, 3)
	p.url.Store(&hasty.URL)
	ctx, cancel := context.WithCancel(t.Context())
	wait := p.send(ctx, connections)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.kill()
	}
	cancel()
	wait()
	passing.Wait()

	for _, f := range in.audit(t, p) {
		if strings.HasPrefix(f, "lost: ") {
			return
		}
	}
	t.Errorf("%d texts were acknowledged too early, and none was missed", p.acked.Load())
}
