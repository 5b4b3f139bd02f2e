package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// RecordSync is how a record stands with its twin in Salesforce.
type RecordSync struct {
	// Wanted says that the record belongs in Salesforce: one is connected.
	Wanted       bool
	SalesforceID string
	Waiting      bool // something of it is still to be written
	// GivenUp is why it is not tried any more though Salesforce did not refuse it,
	// such as after too many answers that never came; "": it is tried, or written.
	GivenUp string
	// MergedInto is the record that stands for this one since the two were merged,
	// or since this Lead was converted; "": none does.
	MergedInto string
	Refused    *SyncError // why Salesforce did not take it; nil: it did not refuse it
}

// RecordSync returns how the record stands with its twin in Salesforce.
func (db *DB) RecordSync(ctx context.Context, org, record string) (RecordSync, error) {
	var s RecordSync
	err := db.inRead(ctx, func(t *tx) error {
		s = RecordSync{}
		c, err := t.salesforce(org)
		if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			return err
		}
		s.Wanted = err == nil && c.Connected
		known, err := t.syncedByRecord(org, record)
		if err != nil {
			return err
		}
		if known != nil {
			s.SalesforceID, s.MergedInto, s.Waiting = known.salesforceID, known.mergedInto, known.sending != nil
		}
		refused, err := t.syncErrors("s.org_id = $1 AND s.record_id = $2 AND s.error_at > 0", org, record)
		if err != nil {
			return err
		}
		if len(refused) > 0 {
			s.Refused = &refused[0]
		}
		var jobs int
		err = t.one("SELECT COUNT(*) FROM outbox WHERE org_id = $1 AND kind = $2 AND job_key = $3 AND NOT dead", []any{org, KindRecordPush, record}, &jobs)
		if s.Waiting = s.Waiting || jobs > 0; err != nil || jobs > 0 || s.Refused != nil {
			return err
		}
		dead, err := t.deadPushes(org, countLimit, record)
		if len(dead) > 0 {
			s.Waiting, s.GivenUp = false, dead[0].Reason
		}
		return err
	})
	return s, err
}

// SalesforceWaiting returns how much of each kind is still to be written to
// Salesforce, each counted up to 1,000.
func (db *DB) SalesforceWaiting(ctx context.Context, org string) (map[string]int, error) {
	waiting := map[string]int{}
	err := db.inRead(ctx, func(t *tx) error {
		for _, kind := range salesforceKinds() {
			var n int
			if err := t.one("SELECT COUNT(*) FROM (SELECT id FROM outbox WHERE org_id = $1 AND kind = $2 AND NOT dead LIMIT $3) w", []any{org, kind, countLimit}, &n); err != nil {
				return err
			}
			waiting[kind] = n
		}
		return nil
	})
	return waiting, err
}

func salesforceKinds() []string { return []string{KindRecordPush, KindMessagePush, KindBell} }

// Unwritten is something that Salesforce did not take, and that is not tried any
// more until a person changes it or asks for it.
type Unwritten struct {
	Kind      string // [KindRecordPush], [KindMessagePush] or [KindBell]
	SubjectID string // of the record, the message, or the notification
	Reason    string // a sentence, in Salesforce's words where it has any
	Field     string // that it is about; "" if about none
	Matches   []string
	At        time.Time // when it was refused
	Attempts  int       // 0: not known any more
}

// Unwritten lists what Salesforce did not take, newest first, at most limit of
// records and as many of all else. What went well since then is left out.
func (db *DB) Unwritten(ctx context.Context, org string, limit int) ([]Unwritten, error) {
	var list []Unwritten
	err := db.inRead(ctx, func(t *tx) error {
		list = nil
		refused, err := t.syncErrors("s.org_id = $1 AND s.error_at > 0 AND NOT r.deleted ORDER BY s.error_at DESC LIMIT $2", org, limit)
		if err != nil {
			return err
		}
		at := map[[2]string]int{}
		for _, e := range refused {
			at[[2]string{KindRecordPush, e.Record.ID}] = len(list)
			list = append(list, Unwritten{Kind: KindRecordPush, SubjectID: e.Record.ID, Reason: e.Message, Field: e.Field, Matches: e.Matches, At: e.At})
		}
		dead, err := t.deadPushes(org, limit, "")
		if err != nil {
			return err
		}
		for _, u := range dead {
			key := [2]string{u.Kind, u.SubjectID}
			if i, have := at[key]; have {
				list[i].Attempts = max(list[i].Attempts, u.Attempts)
				continue
			}
			at[key] = len(list)
			list = append(list, u)
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b Unwritten) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.SubjectID, b.SubjectID)) })
	return list, err
}

// deadPushes returns the jobs for Salesforce that were given up and whose
// subjects have not been written since, the newest of each subject first: those
// of one subject, or of all if it is "".
func (t *tx) deadPushes(org string, limit int, subject string) ([]Unwritten, error) {
	var list []Unwritten
	return list, t.each(func(rows *sql.Rows) error {
		var u Unwritten
		var at int64
		err := rows.Scan(&u.Kind, &u.SubjectID, &u.Attempts, &u.Reason, &at)
		u.At = fromMicros(at)
		list = append(list, u)
		return err
	}, `SELECT o.kind, o.subject_id, o.attempts, COALESCE(NULLIF(m.error, ''), NULLIF(r.error, ''), o.last_error), o.due_at FROM outbox o
		LEFT JOIN message_sync m ON o.kind = $2 AND m.org_id = o.org_id AND m.message_id = o.subject_id
		LEFT JOIN record_sync r ON o.kind = $3 AND r.org_id = o.org_id AND r.record_id = o.subject_id
		LEFT JOIN record own ON o.kind = $3 AND own.org_id = o.org_id AND own.id = o.subject_id
		LEFT JOIN notification n ON o.kind = $4 AND n.org_id = o.org_id AND n.id = o.subject_id
		WHERE o.org_id = $1 AND o.dead AND o.kind IN ($2, $3, $4) AND ($6 = '' OR o.subject_id = $6)
		AND NOT EXISTS (SELECT 1 FROM outbox l WHERE l.org_id = o.org_id AND l.kind = o.kind AND l.job_key = o.job_key AND NOT l.dead)
		AND (o.kind <> $2 OR m.message_id IS NULL OR m.error <> '' OR m.noted_at <= o.due_at)
		AND (o.kind <> $3 OR own.id IS NOT NULL AND (NOT own.deleted OR r.salesforce_id IS NOT NULL AND NOT r.base_deleted) AND (r.record_id IS NULL OR r.error_at > 0 OR r.noted_at <= o.due_at))
		AND (o.kind <> $4 OR n.id IS NOT NULL AND n.state <> 'cleared' AND n.rang_at = 0)
		ORDER BY o.id DESC LIMIT $5`, org, KindMessagePush, KindRecordPush, KindBell, limit, subject)
}

// RetrySalesforce asks for something that Salesforce did not take to be written
// once more, as if it had never been tried.
func (db *DB) RetrySalesforce(ctx context.Context, actor switchboard.Actor, kind, subject string) error {
	if !slices.Contains(salesforceKinds(), kind) {
		return switchboard.Invalid("kind", "There is nothing called %q that is written to Salesforce.", kind)
	}
	return db.inTx(ctx, func(t *tx) error {
		if err := t.isThere(actor.OrgID, kind, subject); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM outbox WHERE org_id = $1 AND kind = $2 AND subject_id = $3 AND dead", actor.OrgID, kind, subject); err != nil {
			return err
		}
		if err := t.enqueue(actor.OrgID, NewJob{Kind: kind, Key: subject, SubjectID: subject}); err != nil {
			return err
		}
		about := map[string]string{KindRecordPush: "record", KindMessagePush: "message", KindBell: "notification"}[kind]
		return t.audit(actor, "salesforce.retry", about, subject, kind)
	})
}

// isThere fails with not_found if the org has no such record, message or
// notification.
func (t *tx) isThere(org, kind, subject string) error {
	table := map[string]string{KindRecordPush: "record", KindMessagePush: "message", KindBell: "notification"}[kind]
	var one int
	err := t.one("SELECT 1 FROM "+table+" WHERE org_id = $1 AND id = $2", []any{org, subject}, &one)
	if errors.Is(err, sql.ErrNoRows) {
		return switchboard.Errorf(switchboard.CodeNotFound, "There is no %s %q any more.", table, subject)
	}
	return err
}

const salesforceSignIn = "salesforce sign-in "

// SealSignIn seals what is kept of a sign-in at Salesforce while the admin is
// there, so that it can be kept with the admin's session.
func (db *DB) SealSignIn(org string, plain []byte) ([]byte, error) {
	return db.key.Seal(plain, salesforceSignIn+org)
}

// OpenSignIn opens what SealSignIn sealed for the same org.
func (db *DB) OpenSignIn(org string, sealed []byte) ([]byte, error) {
	return db.key.Open(sealed, salesforceSignIn+org)
}
